using Link.Tests.Bed;
using Link.Tests.Support;

namespace Link.Tests.Api.Access;

/// <summary>A real browser without a window, on one page, with a profile of its own; gone with this object.</summary>
internal sealed class Chromium : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _profile = new();
    private readonly ChildProcess _process;

    private Chromium(string page, string madeUpName)
    {
        string[] flags =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage", "--disable-breakpad", "--no-proxy-server", $"--user-data-dir={_profile.Path}",
            $"--host-resolver-rules=MAP {madeUpName} 127.0.0.1", "--remote-debugging-port=0", page,
        ];
        Dictionary<string, string> environment = new() { ["HOME"] = _profile.Path, ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" };
        _process = ChildProcess.Start(null, Programs.Find("chromium"), flags, environment, _profile.File("log"));
    }

    /// <summary>Whether it runs; if not, <see cref="Log"/> says why.</summary>
    public bool Runs => _process.Runs;

    public string Log => _process.ReadLog();

    /// <param name="page">What it opens, and runs the scripts of.</param>
    /// <param name="madeUpName">A name that its DNS has for 127.0.0.1.</param>
    public static Chromium Open(string page, string madeUpName) => new(page, madeUpName);

    public void Dispose()
    {
        // Asked, it ends its children; whatever of its process group is left then is killed, and lets go of the profile a moment later.
        _process.Signal(LibC.SIGTERM);
        try
        {
            _process.WaitForExitAsync(s_patience).GetAwaiter().GetResult();
        }
        finally
        {
            _ = LibC.kill(-_process.Pid, LibC.SIGKILL);
        }

        Wait.UntilAsync("end of the profile", () =>
        {
            _profile.Dispose();
            return Task.FromResult(true);
        }, s_patience).GetAwaiter().GetResult();
    }
}
