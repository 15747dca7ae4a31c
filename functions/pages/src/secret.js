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
  buttons.addEventListener("click", async (event) => {
    await act[event.target.dataset.do]?.();
  });
  buttons.hidden = false;
}
