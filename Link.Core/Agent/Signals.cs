using System.Runtime.InteropServices;

namespace Link.Core.Agent;

/// <summary>SIGTERM and SIGINT stop, SIGHUP reads certificates and users again.</summary>
internal sealed class Signals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];

    public Signals(Action stop, Action reload)
    {
        Register(PosixSignal.SIGTERM, stop);
        Register(PosixSignal.SIGINT, stop);
        Register(PosixSignal.SIGQUIT, stop);
        Register(PosixSignal.SIGHUP, reload);
    }

    public void Dispose() => _registrations.ForEach(static r => r.Dispose());

    private void Register(PosixSignal signal, Action action) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        action();
    }));
}
