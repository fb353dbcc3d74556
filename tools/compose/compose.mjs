// Composes subgraphs into supergraph SDL. Input on stdin: {"subgraphs":[{"name","url","sdl"}]}.
// Output on stdout: {"supergraphSdl"} or {"errors":[{"message","code"}]}; the exit code is 0 for both.
import { compositionHasErrors, composeServices } from "@theguild/federation-composition";
import { parse } from "graphql";

async function readStdin() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function parseSubgraph({ name, url, sdl }) {
  try {
    return { name, url, typeDefs: parse(sdl, { noLocation: true }) };
  } catch (error) {
    throw new SubgraphSyntaxError(name, error.message);
  }
}

class SubgraphSyntaxError extends Error {
  constructor(name, message) {
    super(`[${name}] ${message}`);
    this.code = "INVALID_GRAPHQL";
  }
}

function compose(subgraphs) {
  const result = composeServices(subgraphs.map(parseSubgraph));
  if (compositionHasErrors(result)) {
    return {
      errors: result.errors.map((error) => ({
        message: error.message,
        code: error.extensions?.code ?? "COMPOSITION_ERROR",
      })),
    };
  }
  return { supergraphSdl: result.supergraphSdl };
}

let answer;
try {
  answer = compose(JSON.parse(await readStdin()).subgraphs);
} catch (error) {
  answer = { errors: [{ message: error.message, code: error.code ?? "COMPOSITION_ERROR" }] };
}
process.stdout.write(JSON.stringify(answer));
