// The operations this page sends on its own account. Each answers under the name `outcome`.

const SESSION_OUTCOME = /* GraphQL */ `
  __typename
  ... on SignInSuccess { accessToken expiresAt refreshToken user { displayName } }
  ... on Problem { message }
`;

export const SIGN_IN = /* GraphQL */ `
  mutation SignIn($email: Email!, $password: String!) {
    outcome: signIn(input: { email: $email, password: $password }) { ${SESSION_OUTCOME} }
  }
`;

export const REFRESH_SESSION = /* GraphQL */ `
  mutation RefreshSession($refreshToken: String!) {
    outcome: refreshSession(input: { refreshToken: $refreshToken }) { ${SESSION_OUTCOME} }
  }
`;

export const SIGN_OUT = /* GraphQL */ `
  mutation SignOut($refreshToken: String!) {
    outcome: signOut(input: { refreshToken: $refreshToken }) { __typename }
  }
`;
