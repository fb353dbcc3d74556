import { isRecord } from './config';
import type { Example } from './examples';

interface InitialContents {
  readonly defaultTabs?: { readonly query: string; readonly variables: string }[];
  readonly initialQuery?: string;
  readonly initialVariables?: string;
  readonly initialHeaders?: string;
}

/**
 * What the editors show at first: a tab per example on the first visit, afterwards the reader's own tabs.
 *
 * GraphiQL keeps the tabs under one key and the contents of its editors under three others. Whenever these disagree,
 * as with two browser tabs open, it takes the contents for one more tab. Telling it the contents of the stored active
 * tab leaves nothing to disagree about. On the first visit it fills no variables from `defaultTabs`, hence the same.
 */
export function initialContents(examples: readonly Example[]): InitialContents {
  const stored = storedActiveTab();
  if (stored) {
    return {
      initialQuery: text(stored.query),
      initialVariables: text(stored.variables),
      initialHeaders: text(stored.headers),
    };
  }
  const [first] = examples;
  if (!first) return {};
  return {
    defaultTabs: examples.map(({ query, variables }) => ({ query, variables })),
    initialQuery: first.query,
    initialVariables: first.variables,
  };
}

function storedActiveTab(): Record<string, unknown> | null {
  try {
    const state: unknown = JSON.parse(localStorage.getItem('graphiql:tabState') ?? 'null');
    if (!isRecord(state) || !Array.isArray(state.tabs)) return null;
    const tab: unknown = state.tabs[Number(state.activeTabIndex)];
    return isRecord(tab) ? tab : null;
  } catch (error) {
    console.warn('Dropped unreadable stored tabs.', error);
    return null;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
