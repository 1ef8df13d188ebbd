// The output formats by name. To add one, write it in a folder of its own and list it here.

import type { Format, PlanFormat } from './format.ts'

/** Functions, so that only the code of the chosen format is loaded. The first is the default. */
export const formats = {
  text: async () => (await import('./text/format.ts')).textFormat,
  json: async () => (await import('./json/format.ts')).jsonFormat,
} as const satisfies Readonly<Record<string, () => Promise<Format>>>

export type FormatName = keyof typeof formats

/** The formats that a plan can be printed in. */
export const planFormats = {
  ...formats,
  markdown: async () => (await import('./markdown/format.ts')).markdownFormat,
  sql: async () => (await import('./sql/format.ts')).sqlFormat,
  github: async () => (await import('./github/format.ts')).githubFormat,
} as const satisfies Readonly<Record<string, () => Promise<PlanFormat>>>

export type PlanFormatName = keyof typeof planFormats

/** The formats that `validate` can print in. */
export const validationFormats = {
  ...formats,
  github: planFormats.github,
} as const satisfies Readonly<Record<string, () => Promise<PlanFormat>>>

export type ValidationFormatName = keyof typeof validationFormats
