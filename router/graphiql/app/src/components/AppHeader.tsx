import { useEffect, useRef, type ReactElement } from 'react';

import type { PageConfig } from '../config';
import { AccountPanel } from './AccountPanel';
import { Avatar, Wordmark } from './icons';
import { useSession } from './useSession';

const PANEL_ID = 'reservei-account';

/** The bar above GraphiQL: whose page this is, where requests go, and as whom. */
export function AppHeader({ config }: { readonly config: PageConfig }): ReactElement {
  const { session, notice, signIns } = useSession();
  const panel = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (signIns > 0) panel.current?.hidePopover();
  }, [signIns]);

  useEffect(() => {
    if (notice) panel.current?.showPopover();
  }, [notice]);

  return (
    <header className="reservei-header">
      <Wordmark />
      <span className="reservei-endpoint" title="Where this page sends its requests">
        {new URL(config.endpoint, window.location.href).href}
      </span>
      <button
        type="button"
        className="reservei-account"
        data-signed-in={session !== null}
        aria-haspopup="dialog"
        popoverTarget={PANEL_ID}
      >
        {session ? (
          <>
            <Avatar displayName={session.displayName} />
            {session.displayName}
          </>
        ) : (
          'Sign in'
        )}
      </button>
      <div id={PANEL_ID} ref={panel} className="reservei-popover" popover="auto" role="dialog" aria-label="Account">
        <AccountPanel demoAccounts={config.demoAccounts} />
      </div>
    </header>
  );
}
