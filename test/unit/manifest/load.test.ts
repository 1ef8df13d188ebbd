// Reading a manifest from a file or standard input, and the files and variables that it refers to.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FdwsyncError, formatProblem } from '../../../src/core/errors.ts'
import { type ManifestRequest, readManifestText } from '../../../src/manifest/load.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'
import { head, mapping, server } from './reading.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdwsync-load-'))
  mkdirSync(join(folder, 'secrets'))
  writeFileSync(join(folder, 'secrets', 'shop'), 'hunter2\n')
  writeFileSync(join(folder, 'secrets', 'windows'), 'two\r\nlines\r\n')
  writeFileSync(join(folder, 'secrets', 'newlines'), 'a\n\n')
  writeFileSync(join(folder, 'secrets', 'latin'), Buffer.from([0x68, 0xe9]))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function loadManifest(request: ManifestRequest) {
  const { file, bytes, references } = await readManifestText(request)
  return parseManifest(file, bytes, references)
}

const nothing: ManifestRequest = {
  path: '-',
  env: {},
  unresolved: false,
  readStandardInput: () => Promise.reject(new Error('standard input was read')),
}

function load(text: string, request: Partial<ManifestRequest> = {}) {
  const path = join(folder, 'fdwsync.yaml')
  writeFileSync(path, text)
  return loadManifest({ ...nothing, path, ...request })
}

async function problemsOf(loading: Promise<unknown>): Promise<string> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof FdwsyncError)) throw error ?? new Error('the manifest was loaded')
  return error.problems.map(formatProblem).join('\n')
}

describe('references', () => {
  test.each([
    ['secrets/shop', 'hunter2'],
    ['./secrets/windows', 'two\r\nlines'],
    ['secrets/newlines', 'a\n'],
  ])('a file %s is relative to the manifest, and loses its final newline', async (file, value) => {
    const { secrets } = await load(mapping(`password: "\${file:${file}}"`))
    expect(secrets.map((secret) => secret.reveal())).toEqual([value])
  })

  test('a file with an absolute path', async () => {
    const { manifest } = await load(server(`options: { host: "\${file:${join(folder, 'secrets', 'shop')}}" }`))
    expect(manifest.servers?.s?.options?.host).toBe('hunter2')
  })

  test.each(['nope', 'secrets', 'secrets/latin'])('a path that is not a file, or not text: %s', async (file) => {
    const reported = await problemsOf(load(mapping(`password: "\${file:${file}}"`)))
    expect(reported).toContain(`fdwsync.yaml:7:19: \${file:${file}}: the file cannot be read`)
  })

  test('variables come from the given environment', async () => {
    const text = server('options: { host: "${env:A}", dbname: "${env:toString:-b}" }')
    const { manifest } = await load(text, { env: { A: 'a' } })
    expect(manifest.servers?.s?.options).toEqual({ host: 'a', dbname: 'b' })
  })

  test('if unresolved, no variable or file is read', async () => {
    const parsed = await load(server('options: { host: "${env:A}", dbname: "${file:nope}" }'), { unresolved: true })
    expect(parsed.manifest.servers?.s?.options).toEqual({ host: '${env:A}', dbname: '${file:nope}' })
    expect(parsed.isUnresolved).toBe(true)
  })
})

test('- is standard input', async () => {
  const { manifest, place } = await loadManifest({ ...nothing, readStandardInput: async () => Buffer.from(head) })
  expect(manifest.name).toBe('a')
  expect(place(['name'])).toMatchObject({ file: 'standard input', line: 2, column: 1 })
})

test('a manifest that does not exist, or is a folder', async () => {
  const missing = await problemsOf(loadManifest({ ...nothing, path: join(folder, 'nope.yaml') }))
  expect(missing).toContain('nope.yaml cannot be read: no such file')
  expect(missing).toContain('-f FILE')
  expect(await problemsOf(loadManifest({ ...nothing, path: folder }))).toContain('it is a folder')
})
