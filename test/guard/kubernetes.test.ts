// The Kubernetes objects in examples/pipelines are what Kubernetes' published schemas describe: no wrong value, and no unknown field.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'

const root = resolve(import.meta.dirname, '../..')
const require = createRequire(import.meta.url)
// The parts of the package that are used here, without its types: it is only installed where the tests are.
const models: Readonly<
  Record<string, new (data: object) => { validate(): void }>
> = require('kubernetes-models/batch/v1')

interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
}

const folder = join(root, 'examples/pipelines')
const objects = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml'))
  .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => document.toJS()))
  .filter((data): data is KubernetesObject => typeof data?.apiVersion === 'string')

test('every object is of a kind that is checked here', () => {
  expect(objects.length).toBeGreaterThan(2)
  for (const { apiVersion, kind } of objects) expect([apiVersion, models[kind]?.name]).toEqual(['batch/v1', kind])
})

test.each(objects.map((object) => [object.kind, object] as const))('a %s has valid values', (kind, object) => {
  const Model = models[kind]
  if (!Model) throw new Error(`no schema of ${kind}`)
  expect(() => new Model(object).validate()).not.toThrow()
  expect(() => new Model({ ...object, spec: { parallelism: 'x' } }).validate()).toThrow()
})

test('no object has an unknown field', { timeout: 60_000 }, () => {
  const typed = objects.map((object, at) => `export const typed${at}: I${object.kind} = ${JSON.stringify(object)}`)
  const misspelled = typed[0]?.replace('typed0', 'misspelled').replace('"restartPolicy"', '"restartPolcy"') ?? ''
  // One error shows that there would be more.
  expect(
    compile([...typed, misspelled])
      .trim()
      .split('\n'),
  ).toEqual([expect.stringContaining('restartPolcy')])
})

/** TypeScript finds what a literal has more than its type. */
function compile(typed: readonly string[]): string {
  const scratch = mkdtempSync(join(tmpdir(), 'fdwsync-kubernetes-'))
  onTestFinished(() => rmSync(scratch, { recursive: true }))
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'))
  const file = join(scratch, 'objects.ts')
  const kinds = [...new Set(objects.map(({ kind }) => `I${kind}`))].join(', ')
  writeFileSync(file, `import type { ${kinds} } from 'kubernetes-models/batch/v1'\n${typed.join('\n')}\n`)
  const options = [
    '--noEmit',
    '--ignoreConfig',
    '--pretty',
    'false',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--types',
    '',
  ]
  return spawnSync('npx', ['tsc', ...options, file], { cwd: root, encoding: 'utf8' }).stdout
}
