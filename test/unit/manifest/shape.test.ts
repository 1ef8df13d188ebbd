// The check of a manifest's shape agrees with a validator of JSON Schema, for each key of the schema.

import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import published from '../../../schemas/manifest.schema.json' with { type: 'json' }
import { isMap } from '../../../src/core/data.ts'
import { shapeErrors } from '../../../src/manifest/shape/errors.ts'
import { manifestSchema, referenced, type SchemaNode } from '../../../src/manifest/shape/schema.ts'
import { withoutHints } from '../../build/without-hints.ts'

const ajv = new Ajv2020({ allErrors: true, strict: false })
const isValid = ajv.compile(withoutHints(published))

/** A value with each key that the schema has. */
function sample(part: SchemaNode | false): unknown {
  if (!part) return undefined
  const { type = 'string', properties = {}, additionalProperties, items, enum: allowed, ...node } = referenced(part)
  const types = [type].flat()
  if (types.includes('object')) {
    const { expression: _, ...others } = properties
    const known = 'column' in properties ? others : properties
    const keys = Object.entries({ ...known, ...(additionalProperties ? { any: additionalProperties } : {}) })
    return Object.fromEntries(keys.map(([key, child]) => [key, sample(child)]))
  }
  if (items) return [sample(items)]
  if (types.includes('boolean')) return true
  return node.const ?? allowed?.[0] ?? (node.pattern === undefined ? 'text' : '5')
}

const wrong = [undefined, null, '', -1, true, [], ['a', 'b', 'a'], { unknown: 1 }]

/** Copies of the value with another one at each of its places. */
function* variants(value: unknown): Generator<unknown> {
  yield* wrong
  if (!isMap(value) && !Array.isArray(value)) return
  for (const [key, part] of Object.entries(value)) {
    for (const other of variants(part)) {
      if (Array.isArray(value)) yield [other]
      else yield { ...value, [key]: other }
    }
  }
  if (isMap(value)) yield { ...value, unknown: 1, expression: 'x' }
}

/** The places of errors that the validator finds. An error of a condition adds nothing to those under it. */
function expectedPlaces(manifest: unknown): string {
  isValid(manifest)
  const errors = (isValid.errors ?? []).filter(({ keyword }) => keyword !== 'if')
  return distinct(errors.map(({ instancePath }) => instancePath))
}

function foundPlaces(manifest: unknown): string {
  return distinct(shapeErrors(manifest).map(({ path }) => path.map((step) => `/${step}`).join('')))
}

const distinct = (places: readonly string[]) => [...new Set(places)].sort().join(' ')

describe('each part of the schema', () => {
  test('has a sample that fits', () => {
    expect(shapeErrors(sample(manifestSchema))).toEqual([])
  })

  test.each(Object.entries(manifestSchema.properties ?? {}))('%s', (key, part) => {
    for (const value of variants(sample(part))) {
      const manifest: unknown = JSON.parse(JSON.stringify({ version: 1, name: 'n', [key]: value }))
      expect(foundPlaces(manifest)).toBe(expectedPlaces(manifest))
    }
  })
})
