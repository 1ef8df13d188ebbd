// Finds characters of a manifest that the encoding of the database does not have.

import { FdwsyncError, type Problem } from '../../core/errors.ts'
import { redact } from '../../core/redaction.ts'
import { trusted } from '../../core/sql.ts'
import { isDatabaseError } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import { hiddenIn, type ParsedManifest, type Path } from '../../manifest/manifest.ts'

interface Text {
  readonly path: Path
  readonly text: string
}

/**
 * Secrets are left out, since their characters would be in a statement.
 * @throws FdwsyncError if a name or a value of the manifest cannot be stored. Otherwise the server would reject whichever statement
 *   comes first, some of them only in an apply.
 */
export async function requireKnownCharacters(session: Session, parsed: ParsedManifest): Promise<void> {
  const { vars: _, ...stored } = parsed.manifest
  const texts = textsIn(stored, []).filter(({ text }) => beyondAscii.test(text))
  if (texts.length === 0) return
  const hidden = hiddenIn(parsed)
  const shown = texts.map(({ path, text }) => ({
    path,
    characters: redact(text, hidden).match(charactersBeyondAscii) ?? [],
  }))
  const missing = new Set(await missingIn(session, [...new Set(shown.flatMap(({ characters }) => characters))]))
  if (missing.size === 0) return
  const encoding = await encodingOf(session)
  throw new FdwsyncError(
    shown.flatMap(({ path, characters }): readonly Problem[] => {
      const character = characters.find((each) => missing.has(each))
      if (character === undefined) return []
      const message = `the encoding of the database, ${encoding}, does not have the character "${character}"`
      return [{ code: 'manifest/invalid-value', message, place: parsed.place(path) }]
    }),
  )
}

const beyondAscii = /[^\0-\x7f]/u
const charactersBeyondAscii = /[^\0-\x7f]/gu

function textsIn(value: unknown, path: Path): readonly Text[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (Array.isArray(value)) return value.flatMap((item, at) => textsIn(item, [...path, at]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const at = [...path, key]
    return [{ path: at, text: key }, ...textsIn(item, at)]
  })
}

/** The server names only the first one, so the others are found by bisection. */
async function missingIn(session: Session, characters: readonly string[]): Promise<readonly string[]> {
  if (characters.length === 0) return []
  try {
    await session.query(convertQuery, [Buffer.from(characters.join('')).toString('hex')])
    return []
  } catch (error) {
    if (!isDatabaseError(error) || error.sqlstate !== untranslatableCharacter) throw error
  }
  if (characters.length === 1) return characters
  const half = characters.length / 2
  return [
    ...(await missingIn(session, characters.slice(0, half))),
    ...(await missingIn(session, characters.slice(half))),
  ]
}

const untranslatableCharacter = '22P05'

// Sent as digits, since the server converts every text that it receives.
const convertQuery = trusted(`
  SELECT pg_catalog.convert(pg_catalog.decode($1, 'hex'), 'UTF8', pg_catalog.getdatabaseencoding()) AS converted`)

async function encodingOf(session: Session): Promise<string> {
  const [row] = await session.query<{ encoding: string }>(
    trusted('SELECT pg_catalog.getdatabaseencoding()::pg_catalog.text AS encoding'),
  )
  return row?.encoding ?? ''
}
