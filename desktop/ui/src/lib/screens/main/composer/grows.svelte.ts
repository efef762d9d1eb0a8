/** A field that is as high as its text, also when its width changes: engines without `field-sizing` need this. */
export const grows = (text: () => string) => (field: HTMLTextAreaElement): (() => void) => {
  let width = 0;
  const fit = (): void => {
    width = field.clientWidth;
    field.style.blockSize = "auto";
    field.style.blockSize = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
  };
  $effect(() => {
    void text();
    fit();
  });
  const watched = new ResizeObserver(() => {
    if (field.clientWidth !== width) fit();
  });
  watched.observe(field);
  return () => watched.disconnect();
};
