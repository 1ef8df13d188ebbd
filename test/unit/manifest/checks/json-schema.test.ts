// The validator finds what Ajv finds: in manifests that have every key of the schema, with something wrong at each place.

import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../../../src/core/data.ts'
import { compileSchema, type SchemaError, type SchemaNode } from '../../../../src/manifest/checks/json-schema.ts'
import schema from '../../../../src/manifest/generated/manifest-schema.json' with { type: 'json' }
import { randomNumbers } from '../../../support/random.ts'

const definitions: Readonly<Record<string, SchemaNode>> = schema.$defs

/** A value with every key that the schema knows, and with one more where any is allowed. */
function sampleOf(node: SchemaNode): unknown {
  if (typeof node.$ref === 'string') return sampleOf(definitions[node.$ref.replace('#/$defs/', '')] ?? {})
  if ('const' in node) return node.const
  if (Array.isArray(node.enum)) return node.enum[0]
  if (Array.isArray(node.oneOf)) return sampleOf(node.oneOf[0])
  const [type] = [node.type].flat().reverse()
  if (type === 'array') return [sampleOf(node.items as SchemaNode)]
  if (type !== 'object') return type === 'boolean' ? true : '1'
  const parts = { ...(node.properties ?? {}), x: node.additionalProperties || undefined }
  const schemas = Object.entries(parts).filter(([, part]) => part !== undefined) as [string, SchemaNode][]
  return Object.fromEntries(schemas.map(([key, part]) => [key, sampleOf(part)]))
}

interface Place {
  readonly parent: Record<string, unknown>
  readonly key: string
}

function placesIn(value: unknown): readonly Place[] {
  if (typeof value !== 'object' || value === null) return []
  const parent = value as Record<string, unknown> // lists have keys, too
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...placesIn(parent[key])])
}

const wrong = [null, 0, -1, 1.5, true, '', 'x', '10001', [], ['a', 'b', 'a', 'b'], {}, { unknown: 'x' }] as const
const lists = [
  [
    { a: 1, b: [1] },
    { b: [1], a: 1 },
  ],
  [[], {}],
  ['true', true],
  [{}, {}],
] as const

test('finds what Ajv finds', () => {
  const byAjv = new Ajv2020({ allErrors: true, strict: false, messages: false }).compile(schema)
  const errorsOf = compileSchema(schema)
  const random = randomNumbers(20)
  const sample = sampleOf(schema)
  const places = placesIn(sample)
  expect(places.length).toBeGreaterThan(500)
  const values = [...wrong, ...lists]
  const keywords = new Set<string>()
  for (const { parent, key } of places) {
    const before = parent[key]
    const at = random(values.length + 1)
    if (at < values.length || Array.isArray(parent)) parent[key] = values[at] ?? null
    else delete parent[key]
    byAjv(sample)
    const theirs = (byAjv.errors ?? []).filter(({ keyword }) => keyword !== 'if')
    const ours = errorsOf(sample)
    expect(ours.map(comparable).sort(), `${key}: ${JSON.stringify(parent[key])}`).toEqual(
      theirs
        .map(({ instancePath, keyword, params }) => canonicalJson([instancePath, keyword, paramsOf(params)]))
        .sort(),
    )
    for (const { keyword } of ours) keywords.add(keyword)
    parent[key] = before
  }
  expect([...keywords].sort()).toEqual([
    'additionalProperties',
    'const',
    'enum',
    'false schema',
    'minItems',
    'minLength',
    'minimum',
    'oneOf',
    'pattern',
    'required',
    'type',
    'uniqueItems',
  ])
})

function comparable({ path, keyword, params }: SchemaError): string {
  const pointer = path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  return canonicalJson([pointer, keyword, paramsOf(params)])
}

/** Without what only Ajv reports: how many schemas passed, and comparison signs. */
function paramsOf({ passingSchemas, comparison, ...params }: Readonly<Record<string, unknown>>): unknown {
  return params
}

test('does not ignore a keyword that it does not know', () => {
  expect(() => compileSchema({ type: 'object', patternProperties: {} })).toThrow('"patternProperties"')
})
