// Reads a service from libpq's service files.

import type { ConnectionFiles } from './files.ts'
import { settingsError } from './settings-error.ts'

/**
 * The parameters of a `[service]` in the first of the files that has it.
 * @throws FdwsyncError if none has it, as libpq does
 */
export function serviceParameters(
  service: string,
  paths: readonly string[],
  files: ConnectionFiles,
): ReadonlyMap<string, string> {
  for (const path of paths) {
    const text = files.readFile(path)
    const section = text === undefined ? undefined : readSection(text, service)
    if (section) return section
  }
  const searched = paths.map((path) => (files.readFile(path) === undefined ? `${path} (it cannot be read)` : path))
  throw settingsError(
    `no service "${service}" in ${searched.join(' or ') || 'any service file'}`,
    'Add a [section] with that name, or name another file with PGSERVICEFILE.',
  )
}

function readSection(text: string, service: string): ReadonlyMap<string, string> | undefined {
  let section: Map<string, string> | undefined
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    if (line.startsWith('[')) {
      if (section) return section
      if (line === `[${service}]`) section = new Map()
    } else if (section && !line.startsWith('#') && line.includes('=')) {
      const at = line.indexOf('=')
      section.set(line.slice(0, at).trim(), line.slice(at + 1).trim())
    }
  }
  return section
}
