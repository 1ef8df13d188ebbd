// What `--events` writes is as its schema describes.

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { eventJson } from '../../../src/render/json/event.ts'
import { events } from '../cli/texts-samples.ts'

const schema = JSON.parse(readFileSync(new URL('../../../schemas/event.schema.json', import.meta.url), 'utf8'))
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema)

test.each(events.map((event) => [event.type, event] as const))('%s', (_, event) => {
  const document: unknown = JSON.parse(JSON.stringify(eventJson(event, new Date(0))))
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
})
