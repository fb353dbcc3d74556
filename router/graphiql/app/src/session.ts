import { isRecord } from './config';
import { explainingFetch } from './fetcher';
import { REFRESH_SESSION, SIGN_IN, SIGN_OUT } from './operations';

export interface Session {
  readonly email: string;
  readonly displayName: string;
  readonly accessToken: string;
  /** When the access token expires, in ISO 8601. */
  readonly expiresAt: string;
  readonly refreshToken: string;
}

export interface SessionState {
  readonly session: Session | null;
  /** Fingerprints of the access tokens this page once wrote into a headers editor and that are no longer current. */
  readonly retired: readonly string[];
  /** Why the last session ended without the reader's doing, if it did. */
  readonly notice: string | null;
  /** Counts sign-ins of this page load, so that the headers editor can tell one from a refresh. */
  readonly signIns: number;
}

/** A refusal that the reader can act on, in the words of the API. */
export class SignInProblem extends Error {
  constructor(
    readonly typename: string,
    message: string,
  ) {
    super(message);
  }
}

const STORAGE_KEY = 'reservei:session';
const LOCK = 'reservei:session';
const RETIRED_KEPT = 50;
const REFRESH_MARGIN_MS = 60_000;
const RETRY_MS = 15_000;
/** Keeps a wrong clock, for which every token has expired already, from renewing without a pause. */
const SHORTEST_PAUSE_MS = 5_000;

/**
 * Who is signed in on this page, shared by all browser tabs of this origin and renewed before the token expires.
 *
 * A refresh token works once and its reuse ends the session, so browser tabs renew in turn, under a lock.
 */
export class SessionStore {
  private state: SessionState;
  private readonly listeners = new Set<() => void>();
  private timer: number | undefined;

  constructor(private readonly endpoint: string) {
    this.state = { ...readStored(), notice: null, signIns: 0 };
    window.addEventListener('storage', (event) => {
      if (event.key === STORAGE_KEY) this.adoptStored();
    });
    // Timers stand still while a machine sleeps.
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.scheduleRefresh(0);
    });
    this.scheduleRefresh(0);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getState = (): SessionState => this.state;

  /** @throws SignInProblem when the API refuses, Error when it cannot be reached */
  async signIn(email: string, password: string): Promise<void> {
    const session = await this.requestSession(SIGN_IN, { email, password }, email);
    this.replace(session, { signIns: this.state.signIns + 1 });
  }

  /** Ends the session here at once, and on the server when it can be reached. */
  async signOut(): Promise<void> {
    const ended = this.state.session;
    if (!ended) return;
    this.replace(null);
    try {
      await this.post(SIGN_OUT, { refreshToken: ended.refreshToken });
    } catch (error) {
      console.warn('Signed out on this page only: the server could not be told.', error);
    }
  }

  private async refresh(): Promise<void> {
    const before = this.state.session;
    if (!before) return;
    await exclusively(async () => {
      this.adoptStored();
      const current = this.state.session;
      // Another browser tab renewed or ended the session while this one waited for its turn.
      if (current?.accessToken !== before.accessToken) return;
      try {
        this.replace(await this.requestSession(REFRESH_SESSION, { refreshToken: current.refreshToken }, current.email));
      } catch (error) {
        // `AlreadyRefreshed`: another browser tab was faster where there is no lock, and its answer is on the way.
        if (error instanceof SignInProblem && error.typename !== 'AlreadyRefreshed') {
          this.replace(null, { notice: `Your session ended. ${error.message}` });
        } else {
          this.timer = window.setTimeout(() => void this.refresh(), RETRY_MS);
        }
      }
    });
  }

  private scheduleRefresh(shortestPause: number): void {
    window.clearTimeout(this.timer);
    const session = this.state.session;
    if (!session) return;
    const remaining = Date.parse(session.expiresAt) - Date.now();
    const pause = remaining - Math.min(REFRESH_MARGIN_MS, remaining / 2);
    this.timer = window.setTimeout(() => void this.refresh(), Math.max(pause, shortestPause));
  }

  private async requestSession(query: string, variables: object, email: string): Promise<Session> {
    const outcome = await this.post(query, variables);
    const { accessToken, expiresAt, refreshToken, user } = outcome;
    if (typeof accessToken !== 'string' || typeof expiresAt !== 'string' || typeof refreshToken !== 'string') {
      const typename = String(outcome.__typename);
      throw new SignInProblem(typename, typeof outcome.message === 'string' ? outcome.message : typename);
    }
    const displayName = isRecord(user) && typeof user.displayName === 'string' ? user.displayName : email;
    return { email, displayName, accessToken, expiresAt, refreshToken };
  }

  /** Sends one of our operations and returns its `outcome`. */
  private async post(query: string, variables: object): Promise<Record<string, unknown>> {
    const response = await explainingFetch(this.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
      },
      body: JSON.stringify({ query, variables }),
    });
    const body: unknown = await response.json();
    if (isRecord(body) && isRecord(body.data) && isRecord(body.data.outcome)) return body.data.outcome;
    const [error]: unknown[] = isRecord(body) && Array.isArray(body.errors) ? body.errors : [];
    throw new Error(isRecord(error) && typeof error.message === 'string' ? error.message : 'The API gave no outcome.');
  }

  private replace(session: Session | null, change: Partial<SessionState> = {}): void {
    const previous = this.state.session;
    const retired = previous
      ? [...this.state.retired, fingerprint(previous.accessToken)].slice(-RETIRED_KEPT)
      : this.state.retired;
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ session, retired }));
    this.publish({ ...this.state, notice: null, ...change, session, retired });
  }

  private adoptStored(): void {
    const stored = readStored();
    if (stored.session?.accessToken === this.state.session?.accessToken) return;
    this.publish({ ...this.state, ...stored });
  }

  private publish(state: SessionState): void {
    this.state = state;
    this.scheduleRefresh(SHORTEST_PAUSE_MS);
    for (const listener of this.listeners) listener();
  }
}

/** Enough of a token to know it again, and too little to use it. */
export function fingerprint(token: string): string {
  return token.slice(-24);
}

function readStored(): Pick<SessionState, 'session' | 'retired'> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null');
    if (!isRecord(value)) return { session: null, retired: [] };
    const { session, retired } = value;
    return {
      session: isSession(session) ? session : null,
      retired: Array.isArray(retired) ? retired.filter((entry) => typeof entry === 'string') : [],
    };
  } catch (error) {
    console.warn('Dropped an unreadable stored session.', error);
    return { session: null, retired: [] };
  }
}

function isSession(value: unknown): value is Session {
  const members = ['email', 'displayName', 'accessToken', 'expiresAt', 'refreshToken'];
  return isRecord(value) && members.every((member) => typeof value[member] === 'string');
}

async function exclusively(task: () => Promise<void>): Promise<void> {
  // The Web Locks API is missing where a page comes over plain HTTP from another machine.
  if ('locks' in navigator) await navigator.locks.request(LOCK, task);
  else await task();
}
