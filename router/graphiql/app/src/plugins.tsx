import { DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import type { GraphiQLPlugin } from '@graphiql/react';

import { ExamplesPanel } from './components/ExamplesPanel';
import { ExamplesIcon } from './components/icons';
import type { Example } from './examples';

/** The panels of the sidebar, from the top. */
export function createPlugins(examples: readonly Example[]): GraphiQLPlugin[] {
  return [
    DOC_EXPLORER_PLUGIN,
    { title: 'Examples', icon: ExamplesIcon, content: () => <ExamplesPanel examples={examples} /> },
    HISTORY_PLUGIN,
  ];
}
