// The output formats by name. To add one, write a `Format` in a folder of its own and list it here.

import type { Format } from './format.ts'

/** Functions, so that only the code of the chosen format is loaded. */
export const formats = {
  text: async () => (await import('./text/format.ts')).textFormat,
  json: async () => (await import('./json/format.ts')).jsonFormat,
} as const satisfies Readonly<Record<string, () => Promise<Format>>>

export type FormatName = keyof typeof formats
