// GraphiQL prettifies variables and headers with Prettier's JavaScript parser and printer, half a megabyte for JSON.
// vite.config.ts puts this Prettier plugin in their place; jsonc-parser, which GraphiQL brings along, does the work.
import { applyEdits, format } from 'jsonc-parser';

interface Text {
  readonly text: string;
}

export const parsers = {
  jsonc: {
    parse: (text: string): Text => ({ text }),
    astFormat: 'jsonc-text',
    locStart: () => 0,
    locEnd: ({ text }: Text) => text.length,
  },
};

export const printers = {
  'jsonc-text': {
    print: ({ node: { text } }: { readonly node: Text }): string =>
      applyEdits(text, format(text, undefined, { insertSpaces: true, tabSize: 2 })),
  },
};
