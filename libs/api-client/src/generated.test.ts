import { buildOpenApiDocument, routes } from '@cairn/contracts';
import openapiTypeScript, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { expect, it } from 'vitest';

const HEADER = `/**
 * Types of every path and schema of the API, made from its OpenAPI document by \`npm run generate\`.
 */

`;

it('has types that are current with the route table (if not: npm run generate)', async () => {
  const document: unknown = buildOpenApiDocument(routes);
  const nodes = await openapiTypeScript(document as OpenAPI3, { defaultNonNullable: false });
  await expect(HEADER + astToString(nodes)).toMatchFileSnapshot('./generated/api-types.ts');
});
