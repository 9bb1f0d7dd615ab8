using System.CommandLine;
using Link.Cli.CommandLine;
using Link.Core.Agent;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>The options of every command: where the agent is, and how to print.</summary>
internal sealed class GlobalOptions
{
    private const string DefaultSocket = "/run/link/link.sock";
    private const string DefaultHost = "127.0.0.1";
    private const int DefaultPort = 1313;

    private readonly Option<string?> _host = new("--host")
    {
        Description = "agent's HOST:PORT or http URL; env LINK_HOST [default: 127.0.0.1:1313]",
        HelpName = "HOST:PORT",
        Recursive = true,
    };

    private readonly Option<string?> _socket = new("--socket")
    {
        Description = $"agent's Unix socket; env LINK_SOCKET [default: {DefaultSocket}, if it exists and no host is given]",
        HelpName = "PATH",
        Recursive = true,
    };

    private readonly Option<string?> _user = new("--user", "-u") { Description = "user for basic auth; env LINK_USER", HelpName = "USER", Recursive = true };

    private readonly Option<string?> _password = new("--password", "-p")
    {
        Description = "password for basic auth; better in env LINK_PASSWORD, which other users do not see",
        HelpName = "PASSWORD",
        Recursive = true,
    };

    private readonly Option<string?> _output = new("--output", "-o") { Description = "table or json [default: table]", HelpName = "FORMAT", Recursive = true, CompletionSources = { "table", "json" } };

    private readonly Option<string?> _timeout = new("--timeout") { Description = "deadline of a request, such as 5s or 1m [default: 65s]", HelpName = "DURATION", Recursive = true };

    private readonly Option<bool> _noColor = new("--no-color") { Description = "no colours, on a terminal either; env NO_COLOR", Recursive = true };

    public void AddTo(Command command)
    {
        command.Options.Add(_host);
        command.Options.Add(_socket);
        command.Options.Add(_user);
        command.Options.Add(_password);
        command.Options.Add(_output);
        command.Options.Add(_timeout);
        command.Options.Add(_noColor);
    }

    public OutputFormat Format(ParseResult parsed) => parsed.GetValue(_output) switch
    {
        null or "table" => OutputFormat.Table,
        "json" => OutputFormat.Json,
        string other => throw new UsageException($"--output {other} is not known; use table or json"),
    };

    public bool Colors(ParseResult parsed, ClientConsole console) =>
        console.IsTerminal && !parsed.GetValue(_noColor) && string.IsNullOrEmpty(console.Environment("NO_COLOR"));

    public ApiClientOptions Agent(ParseResult parsed, ClientConsole console)
    {
        string? host = parsed.GetValue(_host);
        string? socket = parsed.GetValue(_socket);
        if (host is not null && socket is not null)
        {
            throw new UsageException("--host and --socket are two agents; give one");
        }

        if (host is null && socket is null)
        {
            host = Variable(console, "LINK_HOST");
            socket = host is null ? Variable(console, "LINK_SOCKET") : null;
        }

        ApiClientOptions options = new()
        {
            User = parsed.GetValue(_user) ?? Variable(console, "LINK_USER"),
            Password = parsed.GetValue(_password) ?? Variable(console, "LINK_PASSWORD"),
            // An agent gives up on a command after 60 s, and says so.
            Timeout = Duration(_timeout.Name, parsed.GetValue(_timeout)) ?? TimeSpan.FromSeconds(65),
        };
        if (socket is not null)
        {
            return options with { SocketPath = socket };
        }

        return options with { Url = Url(host ?? DefaultHost), SocketPath = host is null && File.Exists(DefaultSocket) ? DefaultSocket : null };
    }

    public static TimeSpan? Duration(string name, string? text)
    {
        if (text is null)
        {
            return null;
        }

        return GoDuration.TryParse(text, out TimeSpan duration, out _) && duration > TimeSpan.Zero && duration <= TimeSpan.FromDays(1)
            ? duration
            : throw new UsageException($"{name} {text} is no duration of at most a day; write it as 500ms, 10s or 1m30s");
    }

    private static string? Variable(ClientConsole console, string name) => console.Environment(name) is { Length: > 0 } value ? value : null;

    private static Uri Url(string host)
    {
        string text = host.Contains("://", StringComparison.Ordinal) ? host : WithPort(host);
        return Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is ("http" or "https") && url.Host.Length > 0
            ? url
            : throw new UsageException($"{host} is no agent; write it as HOST:PORT or http://HOST:PORT");
    }

    private static string WithPort(string host)
    {
        // ::1 has colons and no port; [::1]:1313 has a port.
        int colons = host.Count(c => c == ':');
        if (colons > 1 && !host.StartsWith('['))
        {
            return $"http://[{host}]:{DefaultPort}";
        }

        bool hasPort = host.StartsWith('[') ? host.Contains("]:", StringComparison.Ordinal) : colons == 1;
        return hasPort ? $"http://{host}" : $"http://{host}:{DefaultPort}";
    }
}
