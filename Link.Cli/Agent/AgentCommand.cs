using System.Collections;
using Link.Cli.CommandLine;
using Link.Core.Agent;
using Link.Core.Agent.Systemd;
using Link.Core.Api;
using Link.Core.Etcd;
using Link.Core.Logging;
using Link.Core.Net;
using Link.Core.Net.Linux;

namespace Link.Cli.Agent;

/// <summary><c>link agent [--check-config | --remove-addresses]</c>: the daemon. It is configured by its environment alone.</summary>
internal static class AgentCommand
{
    private const int Ok = 0;
    private const int Failed = 1;
    private const int Usage = 2;

    private const string Help = """
        Usage: link agent [--check-config | --remove-addresses]

        Runs the agent that elects, holds and moves this host's virtual IPs.

          --check-config      check the configuration, print what is in effect, and exit
          --remove-addresses  remove the addresses that an agent left on the interfaces, and exit;
                              refused while an agent runs. For a host that is to have none any more
          -h, --help          show this help

        The configuration comes from the environment. The least it needs:
          ETCD_HOSTS=http://10.0.0.1:2379,http://10.0.0.2:2379   INTERFACE=eth0
        Every variable: man link.env, docs/configuration.md; what is in effect: link agent --check-config
        """;

    public static int Run(string[] args)
    {
        bool check = false;
        foreach (string argument in args)
        {
            switch (argument)
            {
                case "--check-config":
                    check = true;
                    break;
                case "--remove-addresses" when args.Length == 1:
                    return RemoveAddresses();
                case "-h" or "--help" or "-?":
                    Console.Out.WriteLine(Help);
                    return Ok;
                default:
                    Console.Error.WriteLine($"link agent: unknown argument \"{argument}\"");
                    Console.Error.WriteLine(Help);
                    return Usage;
            }
        }

        IReadOnlyDictionary<string, string> environment = ReadEnvironment();

        // Before anything secret is read; a wrong value is told below.
        if (environment.GetValueOrDefault("CORE_DUMPS") != "yes")
            CoreDumps.Forbid();
        AgentOptionsResult read = AgentOptions.Read(environment);
        var faults = new List<string>(read.Faults);
        EtcdOptions? etcd = null;
        var warnings = new List<string>(read.Warnings);
        if (read.Options != null)
        {
            etcd = EtcdOptionsOf(read.Options, faults);
            faults.AddRange(new ApiFiles(read.Options.ToApi(ProductVersion.Text), TimeProvider.System, (warning, _) => warnings.Add(warning)).Refresh());
        }
        else if (environment.GetValueOrDefault("ETCD_HOSTS") is { Length: > 0 } hosts)
            AddFaults(faults, into => EtcdOptions.Parse(hosts, into));
        if (faults.Count > 0 || read.Options == null || etcd == null)
        {
            Console.Error.WriteLine(faults.Count == 1 ? "link agent: the configuration has a fault:" : $"link agent: the configuration has {faults.Count} faults:");
            foreach (string fault in faults)
                Console.Error.WriteLine($"  {fault}");
            return Usage;
        }

        if (check)
        {
            foreach (string warning in warnings)
                Console.Error.WriteLine($"warning: {warning}");
            foreach (EffectiveSetting setting in read.Options.Describe())
                Console.Out.WriteLine(setting);
            return Ok;
        }

        return Serve(read, etcd, environment);
    }

    private static int RemoveAddresses()
    {
        using var claim = NamespaceClaim.Try();
        if (!claim.IsHeld)
        {
            Console.Error.WriteLine("link agent: an agent runs in this network namespace; its addresses stay. Stop it first: systemctl stop link");
            return Failed;
        }

        try
        {
            var (removed, failed) = LeftoverAddresses.Remove();
            Console.Out.WriteLine(removed == 1 ? "1 address removed" : $"{removed} addresses removed");
            foreach (var (_, error) in failed)
                Console.Error.WriteLine($"link agent: {error}");
            return failed.Count == 0 ? Ok : Failed;
        }
        catch (KernelException fault)
        {
            Console.Error.WriteLine($"link agent: {fault.Message}");
            return Failed;
        }
    }

    private static int Serve(AgentOptionsResult read, EtcdOptions etcd, IReadOnlyDictionary<string, string> environment)
    {
        using var log = Log.OpenStandardError(read.Options!.LogLevel, environment);
        using var systemd = new SystemdNotifier(environment);
        foreach (string warning in read.Warnings)
            log.Warning("configuration", ("warning", warning));
        try
        {
            using var agent = new LinkAgent(read.Options, etcd, ProductVersion.Text, log, systemd);
            return agent.Run();
        }
        catch (KernelException fault)
        {
            log.Error("the agent cannot work here", ("reason", fault.Message));
            return Failed;
        }
        catch (Exception fault)
        {
            log.Error("the agent failed; this is a defect", ("fault", fault.ToString()));
            return Failed;
        }
    }

    private static EtcdOptions EtcdOptionsOf(AgentOptions options, List<string> faults)
    {
        EtcdOptions? etcd = null;
        AddFaults(faults, into => etcd = EtcdOptions.Parse(
            options.EtcdHosts, into, options.EtcdUser, options.EtcdPassword?.Reveal(), options.EtcdTlsCert, options.EtcdTlsKey, options.EtcdCaCert));
        return etcd!;
    }

    private static void AddFaults(List<string> faults, Action<List<string>> parse)
    {
        var found = new List<string>();
        parse(found);
        faults.AddRange(found.ConvertAll(static fault => $"ETCD_HOSTS: {fault}"));
    }

    internal static Dictionary<string, string> ReadEnvironment()
    {
        var environment = new Dictionary<string, string>();
        foreach (DictionaryEntry pair in Environment.GetEnvironmentVariables())
            environment[(string)pair.Key] = (string?)pair.Value ?? "";
        return environment;
    }
}
