// Each example in the descriptions of the manifest's schema is what that schema allows there.

import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import schema from '../../../../schemas/manifest.schema.json' with { type: 'json' }

const ajv = new Ajv2020({ strict: false, schemas: [schema] })
const examples = [...examplesIn(schema, [])]

describe('examples in the schema', () => {
  test('there are many', () => expect(examples.length).toBeGreaterThan(100))

  test.each(examples)('%s: %s', (pointer, example) => {
    const isEntry = /^\w+: /.test(example)
    const value: unknown = parse(isEntry ? `{ ${example} }` : example)
    const validate = ajv.compile({ $ref: `manifest.schema.json#${pointer}` })
    validate(value)
    expect(validate.errors ?? []).toEqual([])
  })
})

function* examplesIn(part: unknown, path: readonly string[]): Iterable<readonly [pointer: string, example: string]> {
  if (typeof part !== 'object' || part === null) return
  const { description } = part as { readonly description?: unknown } // any part of a JSON document
  const example =
    typeof description === 'string' ? /\bExample: (?<text>.+)$/s.exec(description)?.groups?.text : undefined
  if (example !== undefined) yield [`/${path.join('/')}`, example]
  for (const [key, value] of Object.entries(part)) yield* examplesIn(value, [...path, key])
}
