// Names in SQL as PostgreSQL shows it.

/** The pattern of a name in SQL, with or without quotes. */
export const sqlName = String.raw`"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*`
/** A name with its schema. */
export const qualifiedName = new RegExp(String.raw`(?<![\p{L}\p{N}_$."])(${sqlName})\.(${sqlName})`, 'gu')

export function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}

/** The qualified names in SQL. */
export function qualifiedNamesIn(text: string): readonly { readonly schema: string; readonly name: string }[] {
  return Array.from(text.matchAll(qualifiedName), ([, schema = '', name = '']) => ({
    schema: unquoted(schema),
    name: unquoted(name),
  }))
}
