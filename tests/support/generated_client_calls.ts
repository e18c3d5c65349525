// A dashboard's program over the types that `openapi-typescript` makes. tests/journey/test_generated_clients.py has it
// compiled by `tsc --strict` and runs it against a running service.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const [, , baseUrl, token, childId, exampleText] = process.argv as [string, string, string, string, string, string];
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
type Problem = components["schemas"]["Problem"];

function given<T>(answer: { data?: T; error?: Problem | undefined }): T {
  if (answer.data === undefined) throw new Error(`refused: ${answer.error?.code ?? "?"}`);
  return answer.data;
}

async function main(): Promise<void> {
  const body = JSON.parse(exampleText) as components["schemas"]["ChildrenRequest"];
  const scored = given(await client.POST("/score", { body }));
  const risk: number | null | undefined = scored.children[0]?.relapse?.risk;
  if (typeof risk !== "number" || risk < 0 || risk > 1) throw new Error("no risk");
  const classified = given(await client.POST("/classify", { body }));
  if (classified.children[0]?.care?.state !== scored.children[0]?.care?.state) throw new Error("two states");
  const visits = given(await client.GET("/visits", { params: { query: { sector: "S0002", capacity: 5 } } }));
  if (visits.rows.length === 0) throw new Error("an empty list");
  given(await client.GET("/children", { params: { query: { sector: "S0002", limit: 3 } } }));
  given(await client.GET("/children/{child_id}", { params: { path: { child_id: childId } } }));
  given(await client.GET("/growth/{child_id}", { params: { path: { child_id: childId } } }));
  given(await client.GET("/indicators", {}));
  given(await client.GET("/areas", { params: { query: { level: "sector", months: 0 } } }));
  given(await client.GET("/events", { params: { query: { limit: 3 } } }));
  given(await client.GET("/models/champion", {}));
  const missing = await client.GET("/children/{child_id}", { params: { path: { child_id: "nobody" } } });
  const problem: Problem | undefined = missing.error;
  if (problem?.code !== "API003") throw new Error("a child that is not there was answered");
  console.log("each operation was called");
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
