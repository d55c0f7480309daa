/** Makes names safe to print: an uploader chooses the name, and an admin's terminal shows it. */

/**
 * Control characters (they move the cursor and erase text), format characters (they reorder text and hide it),
 * line and paragraph separators, and unpaired surrogates. Unicode Standard, section 4.5, general categories.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Replaces characters that a terminal does not show as themselves by their escape in JSON, so that names that
 * differ stay different.
 * @returns text of one line, without terminal escape sequences
 */
export function toPrintable(text: string): string {
  return text.replace(UNPRINTABLE, toEscape);
}

/** Formats a value as indented JSON, with the same characters escaped as `toPrintable` does. */
export function toPrintableJson(value: unknown): string {
  // JSON.stringify leaves line feeds between the lines; those within texts are escaped already.
  return JSON.stringify(value, null, 2).replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : toEscape(character),
  );
}

function toEscape(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    const unit = character.charCodeAt(index).toString(16).padStart(4, '0');
    return `\\u${unit}`;
  }).join('');
}
