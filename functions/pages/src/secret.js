for (const buttons of document.querySelectorAll(".secret .buttons")) {
  const text = buttons.parentElement.querySelector("code").textContent;
  const act = {
    copy: () => navigator.clipboard.writeText(text),
    download: () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text + "\n"], { type: "text/plain" }));
      link.download = buttons.dataset.file;
      link.click();
      URL.revokeObjectURL(link.href);
    },
    print: () => print(),
  };
  const status = buttons.querySelector("[role=status]");
  buttons.addEventListener("click", async ({ target }) => {
    await act[target.dataset.do]?.();
    const { done } = target.dataset;
    if (!done || status.textContent) return;
    const label = target.textContent;
    target.textContent = status.textContent = done;
    setTimeout(() => {
      target.textContent = label;
      status.textContent = "";
    }, 2000);
  });
  buttons.hidden = false;
}
