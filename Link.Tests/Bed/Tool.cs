using System.Diagnostics;

namespace Link.Tests.Bed;

/// <summary>A command that runs to its end: ip, nft, link-client.</summary>
internal static class Tool
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <exception cref="InvalidOperationException">It ended with another code than 0; with all that it printed.</exception>
    internal static async Task<string> RunAsync(string file, IEnumerable<string> arguments, string? input = null, TimeSpan? patience = null)
    {
        var (code, output, error) = await TryAsync(file, arguments, input, patience: patience);
        return code == 0
            ? output
            : throw new InvalidOperationException($"{file} {string.Join(' ', arguments)}: exit code {code}: {error}{output}{(input is null ? "" : "\n" + input)}");
    }

    internal static Task<string> RunAsync(string file, string arguments, string? input = null) => RunAsync(file, arguments.Split(' '), input);

    internal static async Task<(int Code, string Output, string Error)> TryAsync(
        string file, IEnumerable<string> arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null, TimeSpan? patience = null)
    {
        var info = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        if (environment is not null)
        {
            info.Environment.Clear();
            foreach (var (name, value) in environment)
                info.Environment[name] = value;
        }
        using var process = Process.Start(info) ?? throw new InvalidOperationException($"{file} did not start");
        var longest = patience ?? Deadline;
        using var deadline = new CancellationTokenSource(longest);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await GiveAsync(process, input);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file} {string.Join(' ', arguments)}: no end within {longest.TotalSeconds} s");
        }
    }

    private static async Task GiveAsync(Process process, string? input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended by now, or has closed it, and did not want it.
        }
    }
}
