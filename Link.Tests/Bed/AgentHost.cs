using System.Net;

namespace Link.Tests.Bed;

/// <summary>A host: a namespace with one interface, and the agent on it.</summary>
internal sealed class AgentHost : IDisposable
{
    internal const string Interface = "eth0";

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private readonly IReadOnlyDictionary<string, string> _environment;

    internal AgentHost(int number, NetworkNamespace ns, string folder, IReadOnlyDictionary<string, string> environment)
    {
        (Number, Namespace, _folder) = (number, ns, folder);
        Socket = Path.Combine(folder, $"{Name}.sock");
        Api = new AgentApi(ns, Socket);
        Log = Path.Combine(folder, $"agent-{Name}.log");
        _environment = new Dictionary<string, string>(environment)
        {
            ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOSTNAME"] = Name,
            ["INTERFACE"] = Interface,
            ["PORT"] = $"{AgentApi.Port}",
            ["SOCKET"] = Socket,
            ["STATE_DIR"] = Path.Combine(folder, $"state-{Name}"),
        };
    }

    /// <summary>From 1.</summary>
    internal int Number { get; }

    internal string Name => $"h{Number}";

    internal NetworkNamespace Namespace { get; }

    internal IPAddress Address => IPAddress.Parse($"10.77.0.{10 + Number}");

    internal IPAddress AddressV6 => IPAddress.Parse($"fd00:77::{10 + Number}");

    internal MacAddress Mac => new(0x0277_0000_0000 + 10 + Number);

    internal AgentApi Api { get; }

    /// <summary>The agent's unix socket, reachable from every namespace.</summary>
    internal string Socket { get; }

    internal string Log { get; }

    /// <summary>The agent that was started last; null: none, or killed.</summary>
    internal ChildProcess? Agent { get; private set; }

    /// <summary>Starts the agent and goes on without waiting for it.</summary>
    internal ChildProcess Launch(IReadOnlyDictionary<string, string>? extra = null) => LaunchBy([], extra);

    /// <summary>The same by another program, which gets the agent's command as its last arguments and becomes it.</summary>
    /// <param name="command">The program, to be found on the path, and its arguments; empty: none.</param>
    internal ChildProcess LaunchBy(IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? extra = null)
    {
        var environment = new Dictionary<string, string>(_environment);
        foreach (var (name, value) in extra ?? new Dictionary<string, string>())
            environment[name] = value;
        Api.IsOverSocket = environment.ContainsKey("PASSWORD") || environment.ContainsKey("API_USERS_FILE");
        return Agent = command.Count == 0
            ? ChildProcess.Start(Namespace, Programs.Link, ["agent"], environment, Log)
            : ChildProcess.Start(Namespace, Programs.Find(command[0]), [.. command.Skip(1), Programs.Link, "agent"], environment, Log);
    }

    /// <summary>Starts the agent and waits for its API.</summary>
    internal async Task StartAgentAsync(IReadOnlyDictionary<string, string>? extra = null)
    {
        var agent = Launch(extra);
        await Wait.UntilAsync($"API of the agent on {Name}", async () =>
        {
            if (agent.ExitCode is { } code)
                throw new InvalidOperationException($"the agent on {Name} ended with code {code}:\n{agent.ReadLog()}");
            return (await Api.GetAsync("/version")).Status == 200;
        }, StartDeadline);
    }

    /// <summary>SIGTERM, and waits for the end.</summary>
    internal async Task<int> StopAgentAsync()
    {
        var agent = Agent ?? throw new InvalidOperationException($"no agent on {Name}");
        agent.Signal(LibC.SIGTERM);
        var code = await agent.WaitForExitAsync(StartDeadline);
        Agent = null;
        return code;
    }

    internal void KillAgent()
    {
        Agent?.Kill();
        Agent = null;
    }

    public void Dispose()
    {
        KillAgent();
        Api.Dispose();
    }

    public override string ToString() => Name;
}
