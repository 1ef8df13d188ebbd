// Long lists of names in messages.

/** `a, b, c and 67 more`. */
export function someOf(names: readonly string[], most: number): string {
  const first = names.slice(0, most).join(', ')
  return names.length > most ? `${first} and ${names.length - most} more` : first
}
