import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import type { ReactElement } from 'react';

import type { Example } from '../examples';

/** The "Examples" panel: every ready operation with its explanation; a click opens it in a tab. */
export function ExamplesPanel({ examples }: { readonly examples: readonly Example[] }): ReactElement {
  const { tabs, activeTabIndex, queryEditor, variableEditor } = useGraphiQL(
    pick('tabs', 'activeTabIndex', 'queryEditor', 'variableEditor'),
  );
  const { addTab, changeTab } = useGraphiQLActions();

  function open(example: Example): void {
    const index = tabs.findIndex((tab) => tab.title === example.name);
    if (index >= 0) {
      changeTab(index);
      return;
    }
    addTab();
    queryEditor?.setValue(example.query);
    variableEditor?.setValue(example.variables);
  }

  return (
    <section className="reservei-panel" aria-label="Examples">
      <h2>Examples</h2>
      <ul className="reservei-examples">
        {examples.map((example) => (
          <li key={example.name}>
            <button
              type="button"
              aria-current={tabs[activeTabIndex]?.title === example.name}
              onClick={() => open(example)}
            >
              <span className="reservei-example-title">
                <strong>{example.title}</strong>
                <span className={`reservei-kind reservei-kind-${example.kind}`}>{example.kind}</span>
              </span>
              <span>{example.description}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
