using System.Globalization;
using Link.Core.Net.Linux;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Exec;

/// <summary>
/// An endpoint's program. Each call runs it once, with ACTIVATED or STANDBY as its last argument; exit status 0 is success. Its environment has
/// nothing of the agent's own, which holds secrets.
/// </summary>
internal sealed class ExecOutput(IProgramRunner runner, OutputTarget endpoint, ExecConfig config, Func<string, string?> pathFault) : IRemoteOutput
{
    public const string PathVariable = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private const string Activated = "ACTIVATED";
    private const string Standby = "STANDBY";

    private readonly ProgramText _text = new(config.Environment.Values.Select(static secret => secret.Reveal()));

    /// <inheritdoc/>
    /// <remarks>The runner keeps the program's own deadline, and says more; this one is behind it.</remarks>
    public TimeSpan Deadline => config.Timeout + ProgramRunner.Grace + TimeSpan.FromSeconds(10);

    public TimeSpan? RefreshInterval => config.RefreshInterval;

    public Task ActivateAsync(OutputCall call, CancellationToken cancel) => RunAsync(call, Activated, refresh: false, cancel);

    public Task EnsureAsync(OutputCall call, CancellationToken cancel) => RunAsync(call, Activated, refresh: true, cancel);

    public Task DeactivateAsync(OutputCall call, CancellationToken cancel) => RunAsync(call, Standby, refresh: false, cancel);

    private async Task RunAsync(OutputCall call, string state, bool refresh, CancellationToken cancel)
    {
        // Only root can change what this finds, so that nobody else can between here and the start.
        if (pathFault(config.Program) is { } fault)
            throw new OutputException(fault);
        ProgramEnd end;
        try
        {
            end = await runner.RunAsync([.. config.Command, state], EnvironmentOf(call, state, refresh), config.Timeout, cancel).ConfigureAwait(false);
        }
        catch (KernelException refused)
        {
            throw new OutputException(StartFault(refused.Error), inner: refused);
        }

        if (end is { Kind: ProgramEndKind.Exited, Number: 0 })
            return;
        string happened = end.Kind switch
        {
            ProgramEndKind.Exited => $"ended with exit status {end.Number}",
            ProgramEndKind.Killed => $"was killed by {Signal.NameOf(end.Number)}",
            ProgramEndKind.Overdue => $"did not end within {config.Timeout.TotalSeconds:0} s and was killed",
            _ => "ended, and its exit status is not known: start the agent without SIGCHLD ignored",
        };
        string last = _text.LastLine(end.Output, end.IsOutputCut);
        throw new OutputException($"{config.Program} {state} {happened}{(last.Length == 0 ? "" : $": {last}")}");
    }

    private List<string> EnvironmentOf(OutputCall call, string state, bool refresh)
    {
        List<string> variables =
        [
            PathVariable,
            $"LINK_PLUGIN={ExecPlugin.PluginName}",
            $"LINK_STATE={state}",
            $"LINK_ENDPOINT_ID={endpoint.EndpointId}",
            $"LINK_ELECTION_KEY={endpoint.ElectionKey}",
            $"LINK_RESOURCE_ID={config.ResourceId}",
            $"LINK_HOSTNAME={endpoint.Hostname}",
            string.Create(CultureInfo.InvariantCulture, $"LINK_REVISION={call.Revision}"),
            $"LINK_DELIVERY_ID={call.DeliveryId}",
        ];
        if (config.Ip != null)
            variables.Add($"LINK_IP={config.Ip}");
        if (refresh)
            variables.Add("LINK_REFRESH=1");
        if (!config.Environment.ContainsKey("LANG"))
            variables.Add("LANG=C.UTF-8");
        foreach ((string name, Secret value) in config.Environment)
            variables.Add($"{name}={value.Reveal()}");
        return variables;
    }

    private string StartFault(KernelError error)
    {
        string why = $"{error.What}: {ProgramPath.Text(error.Number)}";
        return error.Number switch
        {
            Errno.EPERM => $"{config.Program} is not started, because it would have capabilities of the agent ({why}); run the agent as an unprivileged user, or as root with CAP_SETPCAP",
            _ when error.What != "posix_spawn" => $"{config.Program} cannot be started ({why})",
            Errno.ENOENT => $"{config.Program} cannot be started: the interpreter after #! in its first line, or its loader, does not exist ({why})",
            Errno.EACCES => $"{config.Program} cannot be started: its interpreter is not executable, or the file system is mounted with noexec ({why})",
            Errno.ENOEXEC => $"{config.Program} is no program that this machine can run; a script needs a first line such as #!/bin/sh ({why})",
            Errno.EAGAIN => $"{config.Program} cannot be started: too many processes; see TasksMax= and LimitNPROC= ({why})",
            _ => $"{config.Program} cannot be started ({why})",
        };
    }
}
