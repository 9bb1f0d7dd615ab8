namespace Link.Core.Plugins;

/// <summary>This host does not hold the lock any more, so that a call must not change anything outside.</summary>
internal sealed class LockLostException() : Exception("this host does not hold the lock any more");
