import type { editor } from 'monaco-editor';

/** The names under which GraphiQL finds our colours for its editors. */
export const EDITOR_THEMES = { light: 'reservei-light', dark: 'reservei-dark' };

interface Palette {
  readonly base: editor.BuiltinTheme;
  readonly surface: string;
  readonly primary: string;
  readonly keyword: string;
  readonly type: string;
  readonly variable: string;
  readonly field: string;
  readonly literal: string;
  readonly comment: string;
}

const LIGHT: Palette = {
  base: 'vs',
  surface: '#ffffff',
  primary: '#0d7a70',
  keyword: '#0b6b63',
  type: '#a1470b',
  variable: '#7a3fa8',
  field: '#1d4f9e',
  literal: '#9a3412',
  comment: '#66758a',
};

const DARK: Palette = {
  base: 'vs-dark',
  surface: '#172230',
  primary: '#4fd1c1',
  keyword: '#4fd1c1',
  type: '#ffb454',
  variable: '#cfa8ff',
  field: '#8fc1ff',
  literal: '#f6a97a',
  comment: '#8a9bb0',
};

/** Loads Monaco and gives it our themes, before GraphiQL makes its first editor. */
export async function defineEditorThemes(): Promise<void> {
  const monaco = await import('monaco-graphql/esm/monaco-editor.js');
  monaco.editor.defineTheme(EDITOR_THEMES.light, toTheme(LIGHT));
  monaco.editor.defineTheme(EDITOR_THEMES.dark, toTheme(DARK));
}

function toTheme(palette: Palette): editor.IStandaloneThemeData {
  const wash = `${palette.primary}1f`;
  return {
    base: palette.base,
    inherit: true,
    rules: [
      { token: 'keyword.gql', foreground: palette.keyword, fontStyle: 'bold' },
      { token: 'type.identifier.gql', foreground: palette.type },
      { token: 'argument.identifier.gql', foreground: palette.variable },
      { token: 'key.identifier.gql', foreground: palette.field },
      { token: 'annotation.gql', foreground: palette.variable },
      { token: 'string.gql', foreground: palette.literal },
      { token: 'comment.gql', foreground: palette.comment },
      { token: 'string.key.json', foreground: palette.field },
      { token: 'string.value.json', foreground: palette.literal },
      { token: 'number.json', foreground: palette.type },
      { token: 'keyword.json', foreground: palette.variable },
    ],
    colors: {
      'editor.background': '#ffffff00',
      'scrollbar.shadow': '#ffffff00',
      focusBorder: palette.primary,
      'textLink.foreground': palette.primary,
      'textLink.activeForeground': palette.primary,
      'editorLink.activeForeground': palette.primary,
      'editorHoverWidget.background': palette.surface,
      'editorSuggestWidget.background': palette.surface,
      'editorSuggestWidget.selectedBackground': wash,
      'editorSuggestWidget.selectedForeground': palette.primary,
      'editorWidget.background': palette.surface,
      'menu.background': palette.surface,
      'menu.selectionBackground': wash,
      'menu.selectionForeground': palette.primary,
      'list.hoverBackground': wash,
      'list.highlightForeground': palette.primary,
      'list.focusHighlightForeground': palette.primary,
      'quickInput.background': palette.surface,
      'quickInputList.focusBackground': wash,
      'toolbar.hoverBackground': wash,
      'inputOption.hoverBackground': wash,
    },
  };
}
