/**
 * Builds the OpenAPI 3.1 document from the route table. Pure: the same routes give the same document.
 *
 * Requests are described as they may be sent (defaults optional), responses as they are answered.
 */
import { z } from 'zod';
import { headers, mediaTypes, SESSION_COOKIE, API_PREFIX } from './headers';
import { problemSchema } from './problem';
import {
  isSchema,
  mediaTypeOf,
  querySchemaOf,
  responsesOf,
  type Body,
  type ObjectSchema,
  type Route,
  type RouteResponse,
} from './route';
import { eventSchema } from './events';
import { schemaNames } from './schema-names';

export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

export const openApiInfo: OpenApiInfo = {
  title: 'Cairn API',
  version: '1',
  description: 'Compute, storage and virtualisation of a Cairn cluster.',
};

type Direction = 'input' | 'output';

/** Collects the named schemas that the routes mention. */
interface Components {
  readonly schemas: Map<string, JsonObject>;
}

const COMPONENT_PREFIX = '#/components/schemas/';

/** The document for `routes`, keyed by operation id. Throws if a name stands for two different schemas. */
export function buildOpenApiDocument(
  routes: Readonly<Record<string, Route>>,
  info: OpenApiInfo = openApiInfo,
): JsonObject {
  const components: Components = { schemas: new Map() };
  const paths: Record<string, Record<string, JsonValue>> = {};
  for (const [operationId, route] of Object.entries(routes)) {
    const path = route.root === true ? route.path : `${API_PREFIX}${route.path}`;
    paths[path] = {
      ...paths[path],
      [route.method]: operationOf(operationId, route, components),
    };
  }
  jsonSchemaOf(eventSchema, 'output', components);
  return {
    openapi: '3.1.0',
    info: { ...info },
    paths,
    components: {
      schemas: Object.fromEntries([...components.schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        apiToken: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
      },
    },
  };
}

function operationOf(operationId: string, route: Route, components: Components): JsonObject {
  return {
    operationId,
    summary: route.summary,
    tags: [route.tag],
    'x-access': route.access,
    security: route.access === 'public' ? [] : [{ apiToken: [] }, { session: [] }],
    parameters: parametersOf(route, components),
    ...(route.request === undefined ? {} : { requestBody: requestOf(route, components) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(responsesOf(route)).map(([status, response]) => [
          status,
          responseOf(response, components),
        ]),
      ),
      default: {
        description: 'The request was refused or failed.',
        content: {
          [mediaTypes.problem]: { schema: jsonSchemaOf(problemSchema, 'output', components) },
        },
      },
    },
  };
}

function parametersOf(route: Route, components: Components): JsonValue[] {
  return [
    ...(route.params === undefined ? [] : objectParameters(route.params, 'path', components)),
    ...objectParameters(querySchemaOf(route), 'query', components),
    ...headerParameters(route),
  ];
}

function objectParameters(
  schema: ObjectSchema,
  where: 'path' | 'query',
  components: Components,
): JsonValue[] {
  const whole = jsonSchemaOf(schema, 'input', components);
  const required = Array.isArray(whole['required']) ? whole['required'] : [];
  return Object.entries(asObject(whole['properties'] ?? {})).map(([name, property]) => {
    const { description, ...rest } = asObject(property);
    return {
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function headerParameters(route: Route): JsonValue[] {
  const names: string[] = [];
  if (route.method === 'post') names.push(headers.idempotencyKey);
  if (route.task === true) names.push(headers.prefer);
  if (route.etag === true && route.method !== 'get') names.push(headers.ifMatch);
  if (route.method === 'put') names.push(headers.contentRange);
  return names.map((name) => ({
    name,
    in: 'header',
    required: name === headers.contentRange,
    schema: { type: 'string' },
  }));
}

function requestOf(route: Route, components: Components): JsonObject {
  const body = route.request;
  if (body === undefined) return {};
  const types =
    route.method === 'patch' ? [mediaTypes.mergePatch, mediaTypes.json] : [mediaTypeOf(body)];
  const schema = contentSchemaOf(body, 'input', components);
  return {
    required: !(isSchema(body) && body.safeParse({}).success),
    content: Object.fromEntries(types.map((type) => [type, { schema }])),
    ...(isSchema(body) ? {} : { description: body.description }),
  };
}

function responseOf(response: RouteResponse, components: Components): JsonObject {
  if (response.body === null) return { description: response.description };
  const schema = contentSchemaOf(response.body, 'output', components);
  return {
    description: response.description,
    content: { [mediaTypeOf(response.body)]: { schema } },
  };
}

function contentSchemaOf(body: Body, direction: Direction, components: Components): JsonObject {
  if (isSchema(body)) return jsonSchemaOf(body, direction, components);
  return body.mediaType === mediaTypes.bytes
    ? { type: 'string', format: 'binary' }
    : { type: 'string' };
}

/** The JSON schema of `schema`; named parts move into the components and leave a reference. */
function jsonSchemaOf(schema: z.ZodType, direction: Direction, components: Components): JsonObject {
  const raw = z.toJSONSchema(schema, {
    io: direction,
    metadata: schemaNames,
    target: 'draft-2020-12',
    unrepresentable: 'throw',
    override: ({ zodSchema, jsonSchema }) => {
      const description = z.globalRegistry.get(zodSchema)?.description;
      if (description !== undefined) jsonSchema.description ??= description;
    },
  });
  const { $schema: _dialect, $defs: definitions, ...root } = parseJson(JSON.stringify(raw));
  for (const [name, definition] of Object.entries(asObject(definitions ?? {})))
    addComponent(components, name, asObject(rewrite(definition)));
  return asObject(rewrite(root));
}

function addComponent(components: Components, name: string, schema: JsonObject): void {
  const known = components.schemas.get(name);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema))
    throw new Error(`The schema name ${name} stands for two different schemas`);
  components.schemas.set(name, schema);
}

/** Points references at the components and drops the ids that zod adds. */
function rewrite(value: JsonValue): JsonValue {
  if (isList(value)) return value.map(rewrite);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).flatMap(([key, inner]): [string, JsonValue][] => {
    if (key === 'id' && typeof inner === 'string') return [];
    if (key === '$ref' && typeof inner === 'string') return [[key, toComponent(inner)]];
    return [[key, rewrite(inner)]];
  });
  return Object.fromEntries(entries);
}

function toComponent(reference: string): string {
  return reference.replace(/^#\/\$defs\//, COMPONENT_PREFIX);
}

function parseJson(text: string): JsonObject {
  return asObject(JSON.parse(text) as JsonValue);
}

function asObject(value: JsonValue): JsonObject {
  if (value === null || typeof value !== 'object' || isList(value))
    throw new Error('A JSON schema must be an object');
  return value;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
