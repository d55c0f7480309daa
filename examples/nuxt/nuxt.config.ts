const baseURL = process.env.NUXT_PUBLIC_BASE_URL ?? '/i';

export default defineNuxtConfig({
  compatibilityDate: '2026-11-01',
  modules: ['@nuxt/image'],
  // Replaced at run time by NUXT_PUBLIC_BASE_URL and NUXT_PUBLIC_FIREBASE.
  runtimeConfig: { public: { baseUrl: baseURL, firebase: {} } },
  image: {
    provider: 'publicVariants',
    providers: {
      publicVariants: { provider: 'storage-public-variants-client/nuxt', options: { baseURL } },
    },
    // For the widths of the variants w800 and w1600: see `sizes` of the page.
    screens: { medium: 800, large: 1600 },
  },
});
