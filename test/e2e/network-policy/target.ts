export interface Target {
  readonly ip: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP'
}

export const tcpPorts = [80, 81] as const
export const udpPorts = [80] as const
