// Long lists of names, and large numbers, in messages.

/** `a, b, c and 67 more`. */
export function someOf(names: readonly string[], most: number): string {
  const first = names.slice(0, most).join(', ')
  return names.length > most ? `${first} and ${numberText(names.length - most)} more` : first
}

/** `1,000`. */
export function numberText(count: number | bigint): string {
  // toLocaleString would load the data of all languages, which takes 9 ms.
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}
