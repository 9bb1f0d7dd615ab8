using Link.Cli.Client;
using Link.Tests.Api;
using Xunit;

namespace Link.Tests.Client;

/// <summary>Runs the client in this process.</summary>
internal static class ClientRunner
{
    /// <summary>Runs a command line against an agent. Words are split at spaces, except between single quotes.</summary>
    public static Task<ClientResult> RunAsync(RunningApi api, string line, bool isTerminal = false, params (string Name, string Value)[] environment) =>
        RunAsync(["--host", api.Host, .. Split(line)], isTerminal, environment);

    public static Task<ClientResult> RunAsync(string[] args, bool isTerminal = false, params (string Name, string Value)[] environment) =>
        RunAsync(args, "", isTerminal, environment);

    /// <param name="input">The standard input.</param>
    public static async Task<ClientResult> RunAsync(string[] args, string input, bool isTerminal = false, params (string Name, string Value)[] environment)
    {
        using StringReader piped = new(input);
        using StringWriter output = new();
        using StringWriter error = new();
        ClientConsole console = new(output, error, name => environment.FirstOrDefault(variable => variable.Name == name).Value, isTerminal, piped);
        int code = await ClientProgram.RunAsync(args, console, TestContext.Current.CancellationToken);
        return new ClientResult(code, output.ToString(), error.ToString());
    }

    public static string[] Split(string line)
    {
        string[] quoted = line.Split('\'');
        return [.. quoted.SelectMany((part, index) => index % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
    }
}

/// <summary>What the client wrote, and its exit code.</summary>
internal sealed record ClientResult(int Code, string Output, string Error);
