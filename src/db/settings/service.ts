import type { ConnectionFiles } from './files.ts'
import { usageError } from './usage.ts'

/**
 * The parameters of a `[service]` in libpq's service files: the user's own first, then the one for all users.
 * Throws if no file has it, as libpq does.
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
  throw usageError(
    `no service "${service}" in ${paths.join(' or ') || 'any service file'}`,
    'Add a [section] of that name there, or name another file with PGSERVICEFILE.',
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
