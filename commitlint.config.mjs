/** Conventional Commits with a body: see CONTRIBUTING.md, "Commits". Run by `npm run lint:commits`. */
export default {
  extends: ['@commitlint/config-conventional'],
  rules: {
    'header-max-length': [2, 'always', 72],
    'body-empty': [2, 'never'],
    'body-leading-blank': [2, 'always'],
    'body-max-line-length': [2, 'always', 100],
  },
  ignores: [
    // Dependabot writes release notes with long lines into the body.
    (message) => /^Signed-off-by: dependabot\[bot\]/m.test(message),
  ],
  helpUrl: 'https://www.conventionalcommits.org/en/v1.0.0/',
};
