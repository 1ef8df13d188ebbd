// What a failed command prints with --format json. The text is in texts.md.

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { CommanderError } from 'commander'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../../../src/cli/program.ts'
import { failureOf, requestedFormat } from '../../../src/cli/report-error.ts'
import { usageErrorOf } from '../../../src/cli/usage-error.ts'
import { exitCode, FdwsyncError } from '../../../src/core/errors.ts'
import { DatabaseError } from '../../../src/db/database-error.ts'
import { jsonFormat } from '../../../src/render/json/format.ts'
import { read } from '../manifest/reading.ts'

function validatorOf(name: string) {
  const file = new URL(`../../../schemas/${name}.schema.json`, import.meta.url)
  return new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(file, 'utf8')))
}

const isErrorDocument = validatorOf('error')

function documentOf(error: unknown) {
  const document = JSON.parse(jsonFormat.failure?.(failureOf(error)) ?? '')
  expect(isErrorDocument(document), JSON.stringify(isErrorDocument.errors)).toBe(true)
  return document
}

async function manifestError(text: string): Promise<unknown> {
  return read(text).then(
    () => undefined,
    (error: unknown) => error,
  )
}

function usageError(line: string): unknown {
  const program = createProgram()
  for (const command of [program, ...program.commands]) command.exitOverride()
  try {
    program.parse(line.split(' '), { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return usageErrorOf(error, ['node', 'fdwsync', ...line.split(' ')])
  }
  return undefined
}

describe('the document of an error', () => {
  test('every error of a manifest, with its code, place and hint', async () => {
    const error = await manifestError('version: 1\nname: x\nservers:\n  a: { optoins: {} }\n  b: [1]\n')
    expect(documentOf(error)).toMatchObject({
      format: 'fdwsync.error/1',
      exitCode: 1,
      errors: [
        {
          code: 'manifest/unknown-key',
          message: expect.stringContaining('"optoins"'),
          place: { file: 'm.yaml', line: 4, column: 8 },
          hint: expect.stringContaining('Valid keys'),
        },
        { code: 'manifest/invalid-value', place: { line: 5, column: 6 } },
      ],
    })
  })

  test('an error without a place, with its exit code', () => {
    const hint = 'To allow it, use --allow drops-data.'
    const error = new FdwsyncError({ code: 'plan/hazard', message: 'm', hint }, exitCode.refused)
    const expected = { code: 'plan/hazard', message: 'm', place: null, hint, sqlstate: null, detail: null }
    expect(documentOf(error)).toEqual({ format: 'fdwsync.error/1', exitCode: 4, errors: [expected] })
  })

  test('an error of the server', () => {
    const error = new DatabaseError({ message: 'permission denied', code: '42501', detail: 'd', hint: 'h' }, [])
    expect(documentOf(error)).toMatchObject({
      exitCode: 1,
      errors: [{ code: 'server/error', message: 'permission denied', sqlstate: '42501', detail: 'd', hint: 'h' }],
    })
  })

  test('a bug', () => {
    expect(documentOf(new TypeError('x is undefined'))).toMatchObject({
      exitCode: 1,
      errors: [{ code: 'internal/bug', message: 'x is undefined', hint: expect.stringContaining('report it') }],
    })
  })

  test.each([
    ['plan --formt json', "unknown option '--formt'", 'Did you mean --format?'],
    ['plan --var stage', expect.stringContaining('Expected NAME=VALUE'), null],
    ['status --var a=1 --var a=2', expect.stringContaining('"a" is set twice'), null],
    ['plan --width none', expect.stringContaining('Expected a whole number'), null],
    ['plan --source-timeout 0s', expect.stringContaining('longer than 0'), null],
    ['refresh --timeout 0', expect.stringContaining('longer than 0'), null],
    ['apply --target=', expect.stringContaining('It is empty.'), null],
    ['diff', "unknown command 'diff'", 'fdwsync plan shows what would change.'],
    ['what', "unknown command 'what'", 'All commands: fdwsync --help'],
    ['apply --yes', "unknown option '--yes'", 'To apply without a question: --auto-approve'],
    ['plan --config=a.yaml', expect.stringContaining("'--config=a.yaml'"), 'Name a manifest with -f FILE.'],
    ['plan --what', "unknown option '--what'", 'More: fdwsync plan --help'],
    ['plan a.yaml', expect.stringContaining('too many arguments'), 'Name a manifest with -f FILE.'],
    ['export a', expect.stringContaining('too many arguments'), 'More: fdwsync export --help'],
  ])('wrong usage: %s', (line, message, hint) => {
    const error = usageError(line)
    expect(documentOf(error)).toMatchObject({
      exitCode: 64,
      errors: [{ code: 'usage/invalid-argument', message, hint }],
    })
  })
})

test('the document of a valid manifest', async () => {
  const { manifest, variables, warnings } = await read(`version: 1
name: shop
vars: { stage: dev, api_token: abc, region: {} }
servers: { shop: { options: {}, user_mappings: { public: { user: reader, password: hunter2 } } } }
`)
  const document = JSON.parse(jsonFormat.validation?.({ manifest: manifest.name, variables, warnings }) ?? '')
  const validate = validatorOf('validation')
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  expect(document).toMatchObject({
    manifest: 'shop',
    variables: [
      { name: 'stage', type: 'text', default: 'dev', value: 'dev', description: null },
      { name: 'api_token', value: '(secret)' },
      { name: 'region', default: null, value: null },
    ],
    warnings: [{ code: 'manifest/plaintext-secret' }],
  })
})

test.each([
  ['plan --format json', 'json'],
  ['plan --format=json', 'json'],
  ['--format json', 'json'],
  ['plan --format text --format json --bogus', 'json'],
  ['plan --format json --format text', 'text'],
  ['plan --format', 'text'],
  ['plan --format yaml', 'text'],
  ['plan json', 'text'],
] as const)('%s asks for %s', (line, format) => {
  expect(requestedFormat(line.split(' '))).toBe(format)
})
