import { useState, type FormEvent, type ReactElement } from 'react';

import type { DemoAccount } from '../config';
import { Avatar } from './icons';
import { useSession, useSessionStore } from './useSession';

/** Signs in with e-mail and password or as a demo account, shows who is signed in, signs out. */
export function AccountPanel({ demoAccounts }: { readonly demoAccounts: readonly DemoAccount[] }): ReactElement {
  const { session, notice } = useSession();
  return (
    <div className="reservei-panel">
      {notice && (
        <p className="reservei-alert" role="status">
          {notice}
        </p>
      )}
      {session ? <SignedIn /> : <SignInForm demoAccounts={demoAccounts} />}
    </div>
  );
}

function SignedIn(): ReactElement | null {
  const store = useSessionStore();
  const { session } = useSession();
  if (!session) return null;
  return (
    <>
      <div className="reservei-who">
        <Avatar displayName={session.displayName} />
        <span>
          <strong>{session.displayName}</strong>
          <span>{session.email}</span>
        </span>
      </div>
      <p>
        Requests carry this account&rsquo;s token in their <code>Authorization</code> header. It is renewed before it
        expires.
      </p>
      <button className="reservei-secondary" type="button" onClick={() => void store.signOut()}>
        Sign out
      </button>
    </>
  );
}

function SignInForm({ demoAccounts }: { readonly demoAccounts: readonly DemoAccount[] }): ReactElement {
  const store = useSessionStore();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function signIn(account: { readonly email: string; readonly password: string }): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await store.signIn(account.email, account.password);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    void signIn({ email, password });
  }

  return (
    <>
      <p>Signing in puts your token into the headers of requests and subscriptions.</p>
      <form className="reservei-form" onSubmit={submit}>
        <label>
          E-mail
          <input
            type="email"
            name="email"
            autoComplete="username"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            name="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        {problem && (
          <p className="reservei-alert" role="alert">
            {problem}
          </p>
        )}
        <button className="reservei-primary" type="submit" disabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
      {demoAccounts.length > 0 && (
        <div className="reservei-demo">
          <h3>Demo accounts</h3>
          {demoAccounts.map((account) => (
            <button key={account.email} type="button" disabled={isBusy} onClick={() => void signIn(account)}>
              <strong>{account.label}</strong>
              <span>{account.email}</span>
            </button>
          ))}
        </div>
      )}
    </>
  );
}
