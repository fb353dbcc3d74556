import { fileURLToPath } from 'node:url';

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

import { licenses } from './build/licenses.ts';

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));
const licenseFile = licenses('LICENSES.txt');

export default defineConfig({
  // The router serves the page at /graphql and everything the page loads below /graphiql/.
  base: '/graphiql/',
  plugins: [react(), licenseFile.main],
  worker: { plugins: () => [licenseFile.worker()] },
  resolve: {
    alias: [
      { find: /^monaco-editor\/esm\/vs\/editor\/edcore\.main\.js$/, replacement: source('monaco.ts') },
      { find: /^prettier\/(plugins\/estree|parser-babel)$/, replacement: source('prettierJson.ts') },
    ],
  },
  build: {
    outDir: '../static',
    emptyOutDir: true,
    sourcemap: false,
    target: 'es2022',
    // Monaco alone is larger than Vite's default limit of 500 kB.
    chunkSizeWarningLimit: 3000,
    rolldownOptions: {
      // GraphiQL's packages carry "use no memo", which matters to a compiler that we do not run.
      checks: { moduleLevelDirective: false },
    },
  },
  server: {
    // `npm run dev` beside a running `reservei up`.
    proxy: {
      '/graphql': { target: 'http://127.0.0.1:3000', ws: true },
      '/graphiql/config.json': 'http://127.0.0.1:3000',
      '/graphiql/operations.json': 'http://127.0.0.1:3000',
    },
  },
});
