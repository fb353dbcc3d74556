import { DocExplorerStore, DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer';
import { HistoryStore } from '@graphiql/plugin-history';
import { GraphiQLProvider } from '@graphiql/react';
import { GraphiQL, GraphiQLInterface } from 'graphiql';
import { useState, type ReactElement } from 'react';

import { AppHeader } from './components/AppHeader';
import { EditorOptions } from './components/EditorOptions';
import { SessionHeaders } from './components/SessionHeaders';
import { SessionContext } from './components/useSession';
import type { PageConfig } from './config';
import { EDITOR_THEMES } from './editorThemes';
import type { Example } from './examples';
import { createFetcher } from './fetcher';
import { initialContents } from './initialContents';
import { createPlugins } from './plugins';
import { SessionStore } from './session';

interface AppProps {
  readonly config: PageConfig;
  readonly examples: readonly Example[];
}

const NEW_TAB = '# Write a query, mutation or subscription here, or open one from Examples on the left.\n';

export function App({ config, examples }: AppProps): ReactElement {
  const [parts] = useState(() => ({
    fetcher: createFetcher(config.endpoint),
    plugins: createPlugins(examples),
    session: new SessionStore(config.endpoint),
    initial: initialContents(examples),
  }));

  return (
    <SessionContext.Provider value={parts.session}>
      <GraphiQLProvider
        fetcher={parts.fetcher}
        plugins={parts.plugins}
        referencePlugin={DOC_EXPLORER_PLUGIN}
        defaultQuery={NEW_TAB}
        defaultTheme="light"
        editorTheme={EDITOR_THEMES}
        shouldPersistHeaders
        schemaDescription
        inputValueDeprecation
        {...parts.initial}
      >
        <DocExplorerStore>
          <HistoryStore>
            <AppHeader config={config} />
            <EditorOptions />
            <SessionHeaders />
            <GraphiQLInterface defaultEditorToolsVisibility="headers" showPersistHeadersSettings>
              <GraphiQL.Logo>
                <></>
              </GraphiQL.Logo>
            </GraphiQLInterface>
          </HistoryStore>
        </DocExplorerStore>
      </GraphiQLProvider>
    </SessionContext.Provider>
  );
}
