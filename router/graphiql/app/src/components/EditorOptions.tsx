import { pick, useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';

/** Sets what GraphiQL does not let its host choose about the editors; shows nothing. */
export function EditorOptions(): null {
  const editors = useGraphiQL(pick('queryEditor', 'variableEditor', 'headerEditor', 'responseEditor'));
  const { queryEditor, variableEditor, headerEditor, responseEditor } = editors;

  useEffect(() => {
    for (const editor of [queryEditor, variableEditor, headerEditor, responseEditor]) {
      editor?.updateOptions({ fontSize: 13 });
    }
  }, [queryEditor, variableEditor, headerEditor, responseEditor]);

  return null;
}
