// Reads short manifests, for the tests of this folder.

import { FdwsyncError, formatProblem } from '../../../src/core/errors.ts'
import { checkColumnsOfQueries } from '../../../src/manifest/checks/columns-of-queries.ts'
import { checkRefreshGroups } from '../../../src/manifest/checks/refresh-groups.ts'
import { checkFragments } from '../../../src/manifest/checks/sql-fragments.ts'
import type { ParsedManifest, References } from '../../../src/manifest/manifest.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'

const variables: Readonly<Record<string, string>> = {
  HOST: 'db',
  EMPTY: '',
  YAML: '{ a: b }\n- c',
  PASSWORD: 'hunter2',
  NUL: 'a\0b',
  TYPE: 'bigint',
}

export const references: References = {
  env: (name) => variables[name],
  file: (path) => (path === 'secret.txt' ? 'from a file' : { reason: 'the file does not exist', hint: '' }),
}

export async function read(text: string, known: References | undefined = references): Promise<ParsedManifest> {
  const parsed = await parseManifest('m.yaml', Buffer.from(text), known)
  await checkFragments(parsed)
  await checkRefreshGroups(parsed)
  return parsed
}

/** The problems of a manifest, as a user reads them. */
export async function problemsOf(text: string | Uint8Array): Promise<string> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const error: unknown = await parseManifest('m.yaml', bytes, references)
    .then(async (parsed) => {
      await checkFragments(parsed)
      await checkRefreshGroups(parsed)
      await checkColumnsOfQueries(parsed)
      if (parsed.optionProblems.length > 0) throw new FdwsyncError(parsed.optionProblems.map(({ problem }) => problem))
    })
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  if (error === undefined) return ''
  if (!(error instanceof FdwsyncError)) throw error
  return error.problems.map(formatProblem).join('\n')
}

export const head = 'version: 1\nname: a\n'
export const server = (text: string) => `${head}servers:\n  s:\n    ${text}\n`
export const table = (text: string) => `${head}schemas:\n  p:\n    foreign_tables:\n      t: { server: s, ${text} }\n`
export const view = (text: string) => `${head}schemas:\n  p:\n    materialized_views:\n      v: { ${text} }\n`
export const localTable = (text: string) => `${head}schemas:\n  p:\n    tables:\n      t: { ${text} }\n`
export const mapping = (text: string) => server(`user_mappings:\n      etl:\n        ${text}`)
