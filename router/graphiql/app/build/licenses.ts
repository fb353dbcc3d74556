import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Plugin } from 'vite';

interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly texts: readonly string[];
}

const RULE = '='.repeat(80);
const LICENSE_FILE = /^(licen[cs]e|copying|notice|thirdpartynotices)(\.|-|$)/i;

/**
 * Writes the licences of every package that ends up in the bundle, workers included.
 *
 * Vite's own `build.license` sees the main bundle only, and Vite builds each worker as a bundle of its own.
 */
export function licenses(fileName: string): { readonly main: Plugin; readonly worker: () => Plugin } {
  const folders = new Set<string>();
  const collect: Plugin = {
    name: 'reservei:licenses',
    generateBundle(_options, bundle) {
      for (const output of Object.values(bundle)) {
        if (output.type === 'chunk') output.moduleIds.forEach((id) => addPackageOf(id, folders));
      }
    },
  };
  return {
    worker: () => collect,
    main: {
      name: 'reservei:licenses',
      generateBundle: {
        order: 'post',
        handler(_options, bundle) {
          for (const output of Object.values(bundle)) {
            if (output.type === 'chunk') output.moduleIds.forEach((id) => addPackageOf(id, folders));
          }
          this.emitFile({ type: 'asset', fileName, source: render([...folders].map(readPackage)) });
        },
      },
    },
  };
}

function addPackageOf(id: string, folders: Set<string>): void {
  const path = id.replace(/^\0/, '').replace(/[?#].*$/, '');
  if (!path.includes('/node_modules/')) return;
  // Packages keep nested package.json files without a name (as for "type"); the first with a name is the package's.
  for (let folder = dirname(path); folder.includes('/node_modules/'); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version) {
      folders.add(folder);
      return;
    }
  }
}

function readPackage(folder: string): BundledPackage {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file))
    .toSorted()
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim());
  return { name, version, license, texts };
}

function render(packages: readonly BundledPackage[]): string {
  const sorted = packages.toSorted((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
  const byText = new Map<string, BundledPackage[]>();
  for (const item of sorted) {
    const text = item.texts.join('\n\n') || `Licence: ${item.license}. The package carries no text of it.`;
    byText.set(text, [...(byText.get(text) ?? []), item]);
  }
  const sections = [...byText].map(([text, items]) => {
    const names = items.map(({ name, version, license }) => `${name} ${version} (${license})`).join('\n');
    return `${RULE}\n${names}\n${RULE}\n\n${text}\n`;
  });
  return `The GraphiQL page of Reservei contains the packages below.\n\n${sections.join('\n')}`;
}
