import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';

import { applySession, type Occasion } from '../headers';
import { useSession } from './useSession';

/** Keeps the headers of all tabs true to the session; shows nothing. */
export function SessionHeaders(): null {
  const { headerEditor, tabs, activeTabIndex } = useGraphiQL(pick('headerEditor', 'tabs', 'activeTabIndex'));
  const { moveTab } = useGraphiQLActions();
  const activeTab = tabs[activeTabIndex];
  const state = useSession();
  const appliedSignIns = useRef(0);

  useEffect(() => {
    if (!headerEditor) return;
    const sync = (occasion: Occasion) => {
      const text = headerEditor.getValue();
      const wanted = applySession(text, state, occasion);
      if (wanted !== text) headerEditor.setValue(wanted);
    };
    sync(state.signIns === appliedSignIns.current ? 'open' : 'sign-in');
    appliedSignIns.current = state.signIns;
    // GraphiQL's history brings back the headers of an earlier request, token included.
    const listener = headerEditor.onDidChangeModelContent(() => queueMicrotask(() => sync('edit')));
    return () => listener.dispose();
  }, [headerEditor, activeTab?.id, state]);

  // After signing out no stored tab keeps the token. `moveTab` is GraphiQL's one action that takes a list of tabs.
  useEffect(() => {
    if (!headerEditor || state.session) return;
    const cleaned = tabs.map((tab) => {
      const headers = tab.headers ? applySession(tab.headers, state, 'edit') : tab.headers;
      return tab === activeTab || headers === tab.headers ? tab : { ...tab, headers: headers ?? null };
    });
    if (cleaned.some((tab, index) => tab !== tabs[index])) moveTab(cleaned);
  }, [headerEditor, state]);

  return null;
}
