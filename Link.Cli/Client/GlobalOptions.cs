using System.CommandLine;
using System.Globalization;
using Link.Cli.CommandLine;
using Link.Core.Agent;
using Link.Core.Api;
using Link.Core.Configuration;
using Link.Core.Files;

namespace Link.Cli.Client;

/// <summary>The options of every command: where the agent is, and how to print.</summary>
internal sealed class GlobalOptions
{
    private const string DefaultSocket = "/run/link/link.sock";
    private const string DefaultHost = "127.0.0.1";
    private const int DefaultPort = 1313;

    private readonly Option<string?> _host = new("--host")
    {
        Description = "agent's HOST:PORT, or http or https URL; env LINK_HOST [default: 127.0.0.1:1313]",
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

    private readonly Option<string?> _passwordFile = new("--password-file")
    {
        Description = "file with the password, or - for the standard input; env LINK_PASSWORD_FILE",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Option<string?> _tlsCa = new("--tls-ca")
    {
        Description = "PEM file with the only authorities to trust with https; env LINK_TLS_CA [default: the system's]",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Option<string?> _tlsCert = new("--tls-cert")
    {
        Description = "PEM file with the client certificate to show with https; env LINK_TLS_CERT",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Option<string?> _tlsKey = new("--tls-key") { Description = "PEM file with its key; env LINK_TLS_KEY", HelpName = "FILE", Recursive = true };

    private readonly Option<string?> _output = new("--output", "-o") { Description = "table or json [default: table]", HelpName = "FORMAT", Recursive = true, CompletionSources = { "table", "json" } };

    private readonly Option<string?> _timeout = new("--timeout") { Description = "deadline of a request, such as 5s or 1m [default: 65s]", HelpName = "DURATION", Recursive = true };

    private readonly Option<bool> _noColor = new("--no-color") { Description = "no colours, on a terminal either; env NO_COLOR", Recursive = true };

    public void AddTo(Command command)
    {
        command.Options.Add(_host);
        command.Options.Add(_socket);
        command.Options.Add(_user);
        command.Options.Add(_password);
        command.Options.Add(_passwordFile);
        command.Options.Add(_tlsCa);
        command.Options.Add(_tlsCert);
        command.Options.Add(_tlsKey);
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

    /// <summary>The value of <c>--user</c>, without the environment.</summary>
    public string? User(ParseResult parsed) => parsed.GetValue(_user);

    /// <exception cref="UsageException">They contradict each other, or a file cannot be used.</exception>
    public ApiClientOptions Agent(ParseResult parsed, ClientConsole console, CancellationToken cancel)
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

        CertificateFiles? tls = Tls(parsed, console);
        ApiClientOptions options = new()
        {
            User = parsed.GetValue(_user) ?? Variable(console, "LINK_USER"),
            Password = Password(parsed, console, cancel),
            Tls = tls,
            // An agent gives up on a command after 60 s, and says so.
            Timeout = Duration(_timeout.Name, parsed.GetValue(_timeout)) ?? TimeSpan.FromSeconds(65),
        };
        if (socket is not null)
        {
            return options with { SocketPath = socket };
        }

        return options with { Url = Url(host ?? DefaultHost, tls is not null), SocketPath = host is null && File.Exists(DefaultSocket) ? DefaultSocket : null };
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

    public static int WholeSeconds(string name, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
            ? seconds
            : throw new UsageException($"{name} {text} is no whole number of seconds");

    private static string? Variable(ClientConsole console, string name) => console.Environment(name) is { Length: > 0 } value ? value : null;

    private string? Password(ParseResult parsed, ClientConsole console, CancellationToken cancel)
    {
        string? given = parsed.GetValue(_password);
        string? file = parsed.GetValue(_passwordFile);
        if (given is not null && file is not null)
        {
            throw new UsageException("--password and --password-file are two passwords; give one");
        }

        if (given is null && file is null)
        {
            given = Variable(console, "LINK_PASSWORD");
            file = given is null ? Variable(console, "LINK_PASSWORD_FILE") : null;
        }

        return file is null ? given : new GivenText(console, cancel).ReadFrom(_passwordFile.Name, file);
    }

    private CertificateFiles? Tls(ParseResult parsed, ClientConsole console)
    {
        string? ca = parsed.GetValue(_tlsCa) ?? Variable(console, "LINK_TLS_CA");
        string? certificate = parsed.GetValue(_tlsCert) ?? Variable(console, "LINK_TLS_CERT");
        string? key = parsed.GetValue(_tlsKey) ?? Variable(console, "LINK_TLS_KEY");
        if (certificate is null != key is null)
        {
            throw new UsageException("--tls-cert and --tls-key go together; give both, or LINK_TLS_CERT and LINK_TLS_KEY");
        }

        if (ca is null && certificate is null)
        {
            return null;
        }

        CertificateFiles files = new(certificate, key, ca);
        return files.Refresh() is { } fault ? throw new UsageException(fault) : files;
    }

    /// <param name="host">As given.</param>
    /// <param name="tls">Whoever gives certificates and no scheme means https.</param>
    private static Uri Url(string host, bool tls)
    {
        string text = host.Contains("://", StringComparison.Ordinal) ? host : (tls ? "https://" : "http://") + WithPort(host);
        return AbsoluteUrl.TryParse(text, out Uri? url) && url.Scheme is ("http" or "https") && url.Host.Length > 0
            ? url
            : throw new UsageException($"{host} is no agent; write it as HOST:PORT, http://HOST:PORT or https://HOST:PORT");
    }

    private static string WithPort(string host)
    {
        // ::1 has colons and no port; [::1]:1313 has a port.
        int colons = host.Count(c => c == ':');
        if (colons > 1 && !host.StartsWith('['))
        {
            return $"[{host}]:{DefaultPort}";
        }

        bool hasPort = host.StartsWith('[') ? host.Contains("]:", StringComparison.Ordinal) : colons == 1;
        return hasPort ? host : $"{host}:{DefaultPort}";
    }
}
