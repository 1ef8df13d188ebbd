// What is wrong with the shape of a manifest, compared with what a general validator finds in the same schema.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import schema from '../../../../schemas/manifest.schema.json' with { type: 'json' }
import { type ShapeError, shapeErrors } from '../../../../src/manifest/checks/shape.ts'
import { withoutHints } from '../../../build/without-hints.ts'

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictRequired: false }).compile(
  withoutHints(schema),
)

/** Errors of ajv in the form of ours. That a condition fails is no error by itself. */
function expected(data: unknown): readonly string[] {
  if (validate(data)) return []
  const words: Readonly<Record<string, string>> = {
    const: 'value',
    enum: 'value',
    required: 'missing-key',
    additionalProperties: 'unknown-key',
    minLength: 'empty',
    minItems: 'empty',
    uniqueItems: 'repeated',
    'false schema': 'conflicting',
  }
  const texts = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if')
  return texts.map(({ instancePath, keyword, params }: ErrorObject) =>
    [instancePath, words[keyword] ?? keyword, params.missingProperty ?? params.additionalProperty ?? ''].join(' '),
  )
}

function found(error: ShapeError): string {
  const pointer = error.path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  return [pointer, error.wrong, 'key' in error ? error.key : ''].join(' ')
}

const folder = join(import.meta.dirname, '../../../cases')
const manifests: readonly unknown[] = readdirSync(folder)
  .filter((_, at) => at % 6 === 0)
  .flatMap((name) => {
    try {
      return [parse(readFileSync(join(folder, name, 'manifest.yaml'), 'utf8'))]
    } catch {
      return []
    }
  })

/** Replaces, adds or removes values at the places that the numbers choose. */
function edited(data: unknown, choices: readonly (readonly [number, unknown])[]): unknown {
  const copy = structuredClone(data)
  for (const [at, value] of choices) {
    const places: (readonly [Record<string, unknown>, string])[] = []
    const visit = (part: unknown): void => {
      if (typeof part !== 'object' || part === null) return
      for (const key of [...Object.keys(part), ...(Array.isArray(part) ? [] : ['new'])]) {
        places.push([part as Record<string, unknown>, key]) // any object
        visit(Reflect.get(part, key))
      }
    }
    visit(copy)
    const [parent, key] = places[at % places.length] ?? []
    if (parent && key !== undefined) {
      if (value === undefined && !Array.isArray(parent)) delete parent[key]
      else parent[key] = structuredClone(value ?? null)
    }
  }
  return copy
}

const value = fc.constantFrom(
  undefined,
  null,
  '',
  'x',
  '7',
  true,
  [],
  ['a', 'a'],
  {},
  { x: 'y' },
  { column: 'a', expression: 'b' },
)

test('finds what ajv finds', () => {
  expect(manifests.length).toBeGreaterThan(20)
  const choices = fc.array(fc.tuple(fc.nat(10_000), value), { maxLength: 3 })
  fc.assert(
    fc.property(fc.constantFrom(...manifests), choices, (manifest, edits) => {
      const data = edited(manifest, edits)
      expect(shapeErrors(data).map(found).toSorted()).toEqual([...new Set(expected(data))].toSorted())
    }),
    { numRuns: 1500 },
  )
})
