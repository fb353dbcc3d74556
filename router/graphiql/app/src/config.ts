/** What the router tells the page about itself, from `/graphiql/config.json`. */
export interface PageConfig {
  /** Path of the GraphQL endpoint, for HTTP and WebSocket alike. */
  readonly endpoint: string;
  /** Accounts of the demo market; empty in production. */
  readonly demoAccounts: readonly DemoAccount[];
}

export interface DemoAccount {
  readonly label: string;
  readonly email: string;
  readonly password: string;
}

const DEFAULTS: PageConfig = { endpoint: '/graphql', demoAccounts: [] };

/** Reads the page's configuration; a router that serves none gets the defaults. */
export async function loadConfig(): Promise<PageConfig> {
  const value = await fetchJson(`${import.meta.env.BASE_URL}config.json`);
  if (!isRecord(value)) return DEFAULTS;
  return {
    endpoint: typeof value.endpoint === 'string' ? value.endpoint : DEFAULTS.endpoint,
    demoAccounts: Array.isArray(value.demoAccounts) ? value.demoAccounts.filter(isDemoAccount) : [],
  };
}

/** The JSON document at `path`, or null when the router has none there. */
export async function fetchJson(path: string): Promise<unknown> {
  try {
    const response = await fetch(path, { headers: { accept: 'application/json' } });
    return response.ok ? await response.json() : null;
  } catch (error) {
    console.warn(`Could not read ${path}`, error);
    return null;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDemoAccount(value: unknown): value is DemoAccount {
  return isRecord(value) && ['label', 'email', 'password'].every((key) => typeof value[key] === 'string');
}
